// Random trees of both kinds, random walks through a grammar, and files for the tests of parsing.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { RawRow } from '../../../../src/data/corpus.js';
import type { OutputGrammar } from '../../../../src/data/output-grammar.js';
import type { Codec } from '../../../../src/task.js';
import { EOS } from '../../../../src/text/special-tokens.js';
import { parsing } from '../../../../tasks/parsing/adapter.js';
import type { ParsingConfig } from '../../../../tasks/parsing/config.js';

export const folder = mkdtempSync(join(tmpdir(), 'parsing-'));

export function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export type Sections = Record<string, unknown>;

/** A configuration whose splits are all the same. */
export function configOf(
  formalism: ParsingConfig['formalism'],
  split: Sections,
  sections: Sections = {},
): ParsingConfig {
  const { data, ...others } = sections;
  return parsing.configSchema.parse({
    task: 'parsing',
    formalism,
    data: { train: split, valid: { ...split }, test: { ...split }, ...(data as object) },
    ...others,
  });
}

/** The rows of the training split, and what the log was told. */
export async function opened(config: ParsingConfig): Promise<{ rows: RawRow[]; log: string[]; lines: string[][] }> {
  const log: string[] = [];
  const context = { cacheDir: join(folder, 'cache'), log: (line: string) => log.push(line) };
  const corpus = await parsing.openCorpus(config, config.data.train, context);
  const rows: RawRow[] = [];
  for await (const row of corpus.rows()) rows.push(row);
  await corpus.close();
  return { rows, log, lines: rows.map(({ source, target }) => [source, target]) };
}

/** A codec that has learned from pairs of sentences and target lines. */
export async function codecOf(config: ParsingConfig, pairs: readonly (readonly [string, string])[]): Promise<Codec> {
  async function* rows(): AsyncGenerator<RawRow> {
    for (const [index, [source, target]] of pairs.entries()) yield { index, source, target, origin: `x:${index + 1}` };
  }
  return parsing.createCodec(config, rows, '.', { cacheDir: folder });
}

/** Chooses among what a grammar lets follow until it ends. @param choose a number below the given one */
export function walk(grammar: OutputGrammar, room: number, choose: (choices: number) => number): Int32Array {
  const tokens: number[] = [];
  for (;;) {
    const choices = [...grammar.following(Int32Array.from(tokens), room - tokens.length)];
    if (choices.length === 0) throw new Error(`nothing may follow ${tokens.join(' ')}`);
    const token = choices[choose(choices.length)]!;
    if (token === EOS) return Int32Array.from(tokens);
    if (tokens.length === room) throw new Error(`no end within ${room} tokens: ${tokens.join(' ')}`);
    tokens.push(token);
  }
}

/** Whether a grammar lets a whole output through. */
export function allows(grammar: OutputGrammar, tokens: Int32Array, room: number): boolean {
  return [...tokens, EOS].every((token, i) => new Set(grammar.following(tokens.subarray(0, i), room - i)).has(token));
}

/** Numbers for {@link walk}, from fast-check; zeros when they are used up. */
export const choosing = (numbers: readonly number[]): ((choices: number) => number) => {
  let used = 0;
  return (choices) => (numbers[used++] ?? 0) % choices;
};

const word = fc.constantFrom('I', 'see', 'the', 'old', 'dog', '«été»', 'non-breaking\u00a0space', ',', '_', '-LRB-');

/** Brackets of a random tree: labels and tags that also begin with hyphens, no empty brackets. */
export const brackets: fc.Arbitrary<string> = fc.letrec<{ phrase: string; item: string; word: string }>((tie) => ({
  word: fc.tuple(fc.constantFrom('NN', 'VB', 'PRP$', ',', '-LRB-'), word).map(([tag, text]) => `(${tag} ${text})`),
  item: fc.oneof({ maxDepth: 4, depthSize: 'small' }, tie('word'), tie('phrase')),
  phrase: fc
    .tuple(fc.constantFrom('S', 'NP', 'VP', 'WHNP'), fc.array(tie('item'), { minLength: 1, maxLength: 4 }))
    .map(([label, children]) => `(${label} ${children.join(' ')})`),
})).phrase;

/** The heads of a random tree, not only of projective ones: each word hangs from one before it in a random order. */
const heads = fc
  .integer({ min: 1, max: 9 })
  .chain((words) =>
    fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: words }, (_, i) => i + 1),
        { minLength: words },
      ),
      fc.array(fc.nat(), { minLength: words, maxLength: words }),
    ),
  )
  .map(([order, numbers]) => {
    const found: number[] = [];
    for (const [i, at] of order.entries()) found[at - 1] = i === 0 ? 0 : order[numbers[i]! % i]!;
    return found;
  });

/** A sentence and the line of its random tree of dependencies. */
export const dependencies: fc.Arbitrary<[string, string]> = heads.chain((found) =>
  fc
    .tuple(
      fc.array(word, { minLength: found.length, maxLength: found.length }),
      fc.array(fc.constantFrom('nsubj', 'obj', 'nmod:poss'), { minLength: found.length, maxLength: found.length }),
    )
    .map(([words, relations]) => [
      words.join(' '),
      found.map((head, i) => `${head}:${head === 0 ? 'root' : relations[i]}`).join(' '),
    ]),
);
