// Trees of constituents as actions: open a bracket, shift the next word under a tag, close the bracket.
import type { OutputGrammar } from '../../src/data/output-grammar.js';
import { readTree, type Tree } from '../../src/metrics/trees/bracket.js';
import { EOS } from '../../src/text/tokenizer.js';
import type { GrammarOf, Linearisation } from './linearisation.js';
import { wordsOf } from './words.js';

const CLOSE = ')';

/** Most brackets that open one right behind another, so that no output goes round in circles of them. */
export const MOST_OPENED = 10;

const isOpening = (token: string): boolean => token.startsWith('(');

/** The actions that build a tree, top down: `(NP`, a tag for each word, `)`. */
export function actionsOf(tree: Tree): string[] {
  if ('word' in tree) return [tree.label];
  return [`(${tree.label}`, ...tree.children.flatMap(actionsOf), CLOSE];
}

/** Most brackets that open one right behind another. */
export function mostOpened(actions: readonly string[]): number {
  let [run, most] = [0, 0];
  for (const action of actions) {
    run = isOpening(action) ? run + 1 : 0;
    most = Math.max(most, run);
  }
  return most;
}

/** Builds what actions say, in one line of brackets. */
export function bracketsOf(actions: readonly string[], words: readonly string[]): string {
  let shifted = 0;
  let text = '';
  for (const action of actions) {
    if (action === CLOSE) text += CLOSE;
    else if (isOpening(action)) text += ` ${action}`;
    else text += ` (${action} ${words[shifted++] ?? '_'})`;
  }
  return text.trimStart();
}

/**
 * Trees over exactly the words there are: one bracket around all, none that is empty, at most {@link MOST_OPENED} opening one right
 * behind another.
 */
function treesOver(
  openings: ReadonlySet<number>,
  tags: readonly number[],
  close: number,
  words: number,
): OutputGrammar {
  return {
    // A bracket around all words.
    shortest: words + 2,
    following(prefix, room) {
      let depth = 0;
      let left = words;
      /** Brackets opened by the last actions. */
      let opened = 0;
      for (const action of prefix) {
        if (openings.has(action)) depth += 1;
        else if (action === close) depth -= 1;
        else left -= 1;
        opened = openings.has(action) ? opened + 1 : 0;
      }
      if (prefix.length > 0 && depth === 0) return [EOS];
      // What is open must be closed in time, a new bracket included, and every word shifted before that.
      const mayOpen = left > 0 && opened < MOST_OPENED && left + depth + 2 <= room;
      const mayShift = left > 0 && depth > 0;
      const mayClose = depth > 0 && opened === 0 && (depth > 1 || left === 0);
      return [...(mayOpen ? openings : []), ...(mayShift ? tags : []), ...(mayClose ? [close] : [])];
    },
  };
}

/**
 * Top-down actions (Vinyals et al., 2015, "Grammar as a foreign language"; Dyer et al., 2016, "Recurrent neural network grammars").
 * Words are not generated: a tag stands for the next word of the sentence. A round bracket in a word is spelled as in the Penn Treebank.
 */
export const constituency: Linearisation = {
  needsWords: true,
  words: (line) => wordsOf(line.replaceAll('(', '-LRB-').replaceAll(')', '-RRB-')),
  tokens: (target) => actionsOf(readTree(target)),
  line: bracketsOf,
  vocabulary: (seen) => seen,
  grammar(tokens): GrammarOf {
    const openings = new Set<number>();
    const tags: number[] = [];
    let close = 0;
    for (const [token, id] of tokens) {
      if (token === CLOSE) close = id;
      else if (isOpening(token)) openings.add(id);
      else tags.push(id);
    }
    return (words) => treesOver(openings, tags, close, words);
  },
};
