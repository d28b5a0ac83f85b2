// Reads treebanks in the bracketing of the Penn Treebank.
import { DataError } from '../../src/errors.js';
import { type Phrase, readTree, type Tree } from '../../src/metrics/trees/bracket.js';
import { actionsOf, bracketsOf, MOST_OPENED, mostOpened } from './constituency.js';
import type { Passage, TreebankReader } from './treebank.js';

/** How many brackets more a line opens than it closes. */
const opened = (line: string): number => line.split('(').length - line.split(')').length;

/**
 * The lines of each tree: it ends with the line that closes its last bracket, with a blank line, or where the next tree begins,
 * which is a line that begins with a bracket.
 */
async function* passages(lines: AsyncIterable<string>): AsyncGenerator<Passage> {
  let tree: Passage | undefined;
  let depth = 0;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const isBlank = line.trim() === '';
    if (tree && (isBlank || line.startsWith('('))) {
      yield tree;
      tree = undefined;
      depth = 0;
    }
    if (isBlank) continue;
    tree ??= { lines: [], first: number };
    tree.lines.push(line);
    depth += opened(line);
    if (depth > 0) continue;
    yield tree;
    tree = undefined;
    depth = 0;
  }
  if (tree) yield tree;
}

/** The tree in the bracket without a label that the Penn Treebank puts around each; columns stay as they are. */
const unwrapped = (text: string): string =>
  /^\s*\(\s*\(/.test(text) ? text.replace('(', ' ').replace(/\)\s*$/, ' ') : text;

/**
 * A tree without functions, indices (`NP-SBJ-1`, `NP=2`) and empty elements, as the scores of parsers leave them out. Labels that
 * begin with a hyphen stay.
 * @returns undefined where nothing is left
 */
function plain(tree: Tree): Tree | undefined {
  if ('word' in tree) return tree.label === '-NONE-' ? undefined : tree;
  const children = tree.children.flatMap((child) => plain(child) ?? []);
  return children.length === 0 ? undefined : { label: tree.label.replace(/(?<=[^-=])[-=].*$/, ''), children };
}

const wordsUnder = (tree: Tree): string[] => ('word' in tree ? [tree.word] : tree.children.flatMap(wordsUnder));

const isPhrase = (tree: Tree | undefined): tree is Phrase => tree !== undefined && !('word' in tree);

/** The tree of a text. @throws DataError where there is none, or none that outputs can be like */
function treeOf(text: string, labels: 'plain' | 'full'): Phrase {
  const whole = readTree(unwrapped(text));
  const tree = labels === 'plain' ? plain(whole) : whole;
  if (!isPhrase(tree)) {
    throw new DataError(`expected a bracket around the brackets of words, found ${tree ? 'one word' : 'no words'}`);
  }
  const actions = actionsOf(tree);
  const spaced = actions.find((action) => /\s/u.test(action));
  if (spaced !== undefined) throw new DataError(`expected labels without white space, found ${JSON.stringify(spaced)}`);
  const run = mostOpened(actions);
  if (run <= MOST_OPENED) return tree;
  throw new DataError(`expected at most ${MOST_OPENED} brackets to open one right behind another, found ${run}`);
}

/** Trees on one line each, or on several. @param labels as the configuration has it */
export const bracketReader = (labels: 'plain' | 'full'): TreebankReader => ({
  passages,
  read(lines, at) {
    try {
      const tree = treeOf(lines.join(' '), labels);
      const words = wordsUnder(tree);
      return { source: words.join(' '), target: bracketsOf(actionsOf(tree), words) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      // Columns are those of the tree in one line.
      throw new DataError(`${at(0)}: ${error.message}`, { cause: error });
    }
  },
});
