// How the outputs of a formalism become tokens and back.
import type { OutputGrammar } from '../../src/data/output-grammar.js';

/** Makes the grammar of the outputs for a sentence. @param words how many it has, at least one */
export type GrammarOf = (words: number) => OutputGrammar;

/** What makes outputs of a formalism a sequence of tokens; tokens have no white space. */
export interface Linearisation {
  /** Whether outputs are about the words of the source, which {@link line} then needs. */
  readonly needsWords: boolean;
  /** The words of a sentence as outputs have them. */
  words(line: string): string[];
  /** The tokens of a target line as the corpus has it. */
  tokens(target: string): string[];
  /**
   * The output line of tokens. Those that no grammar has checked give a line that may be no tree.
   * @param words of the source; `_` stands for those that are not there
   */
  line(tokens: readonly string[], words: readonly string[]): string;
  /** The whole target vocabulary. @param seen tokens of the training rows */
  vocabulary(seen: ReadonlySet<string>): Iterable<string>;
  /** The grammar of outputs, for formalisms that have one. @param tokens the vocabulary's ordinary tokens with their ids */
  grammar?(tokens: ReadonlyMap<string, number>): GrammarOf;
}
