// Reads dependency trees in CoNLL-U, the format of Universal Dependencies.
import { DataError } from '../../src/errors.js';
import { ROOT } from './dependency.js';
import type { Passage, TreebankReader } from './treebank.js';

const COLUMNS = 10;

/** What of the files is no word of a tree, or not as it stands there. */
export interface ConlluCounts {
  /** Lines of multiword tokens (`1-2`), whose words are on lines of their own. */
  ranges: number;
  /** Lines of empty nodes (`1.1`), which only enhanced dependencies have. */
  emptyNodes: number;
  /** Forms with white space, which is written as `_`, since white space is between words. */
  spaced: number;
}

/** The lines of each sentence: blank lines are between them. */
async function* passages(lines: AsyncIterable<string>): AsyncGenerator<Passage> {
  let sentence: Passage | undefined;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== '') {
      sentence ??= { lines: [], first: number };
      sentence.lines.push(line);
    } else if (sentence) {
      yield sentence;
      sentence = undefined;
    }
  }
  if (sentence) yield sentence;
}

/** A word, and where it stands. */
interface Word {
  readonly form: string;
  readonly head: number;
  readonly relation: string;
  readonly origin: string;
}

/** Reads the line of a word. @param number that it should have */
function readWord(line: string, number: number, origin: string): Word {
  const fail = (expected: string, found: string | undefined): never => {
    throw new DataError(`${origin}: expected ${expected}, found ${JSON.stringify(found)}`);
  };
  const cells = line.split('\t');
  if (cells.length !== COLUMNS) {
    throw new DataError(`${origin}: expected ${COLUMNS} tab-separated columns, found ${cells.length}`);
  }
  const [id, form = '', , , , , head = '', relation = ''] = cells;
  if (id !== String(number)) fail(`word ${number} of the sentence`, id);
  if (form.trim() === '') fail('a word in column 2', form);
  if (!/^\d+$/.test(head)) fail('the number of a word, or 0 for the root, in column 7', head);
  if (!/^\p{L}\S*$/u.test(relation)) fail('a relation such as nsubj in column 8', relation);
  return { form, head: Number(head), relation, origin };
}

/** @throws DataError naming the line where the heads of words make no tree */
function checkTree(words: readonly Word[], origin: string): void {
  let root: Word | undefined;
  for (const word of words) {
    const { head, relation } = word;
    if (head > words.length) {
      throw new DataError(
        `${word.origin}: expected a head among the ${words.length} words of the sentence, found ${head}`,
      );
    }
    if ((head === 0) !== (relation === ROOT)) {
      throw new DataError(
        `${word.origin}: expected the relation ${ROOT} and the head 0 together, found ${head} and ${relation}`,
      );
    }
    if (head !== 0) continue;
    if (root) throw new DataError(`${word.origin}: expected one root, found another on ${root.origin}`);
    root = word;
  }
  if (!root) throw new DataError(`${origin}: expected a word with head 0, found none`);
  /** Words that lead to the root. */
  const rooted = new Set<Word>([root]);
  for (const word of words) {
    const path = new Set<Word>();
    for (let at = word; !rooted.has(at); at = words[at.head - 1]!) {
      if (path.has(at))
        throw new DataError(`${at.origin}: expected a tree, found a word that depends on itself through others`);
      path.add(at);
    }
    for (const passed of path) rooted.add(passed);
  }
}

/** Sentences of CoNLL-U. @param counts takes what is no word of a tree */
export const conlluReader = (counts: ConlluCounts): TreebankReader => ({
  passages,
  read(lines, at) {
    const words: Word[] = [];
    for (const [i, line] of lines.entries()) {
      if (line.startsWith('#')) continue;
      if (/^\d+-\d+\t/.test(line)) counts.ranges += 1;
      else if (/^\d+\.\d+\t/.test(line)) counts.emptyNodes += 1;
      else words.push(readWord(line, words.length + 1, at(i)));
    }
    if (words.length === 0) throw new DataError(`${at(0)}: expected a sentence, found no words`);
    checkTree(words, at(0));
    counts.spaced += words.filter(({ form }) => /\s/u.test(form)).length;
    return {
      source: words.map(({ form }) => form.replace(/\s/gu, '_')).join(' '),
      target: words.map(({ head, relation }) => `${head}:${relation}`).join(' '),
    };
  },
});
