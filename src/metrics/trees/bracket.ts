// Reading trees in the bracketing of the Penn Treebank: `(S (NP (PRP I)) (VP (VBP agree)))`.
import { DataError } from '../../errors.js';

/** A word with its tag: `(PRP I)`. */
export interface Preterminal {
  readonly label: string;
  readonly word: string;
}

/** A bracket around other brackets: `(NP (DT the) (NN dog))`. */
export interface Phrase {
  readonly label: string;
  readonly children: readonly Tree[];
}

export type Tree = Preterminal | Phrase;

// White space is C's `isspace`, as in EVALB: others, such as U+00A0, are parts of words.
const SPACE = /[\t-\r ]*/y;
/** An opening bracket, its label and, if white space follows, a word, which is empty before another bracket. */
const OPENING = /\(([^()\t-\r ]*)(?:[\t-\r ]+([^()\t-\r ]*))?/y;
const TEXT = /[()]|[^()\t-\r ]+/y;

/**
 * The one tree of a line.
 * @throws DataError with the column of what is wrong: brackets that are not balanced, a bracket without a label or with nothing in
 *   it, a word outside of brackets or beside something else, text after the tree, or no tree at all
 */
export function readTree(line: string): Tree {
  const [tree] = new Reader(line, true).read();
  if (!tree) throw new DataError('expected a tree such as (S (NP (PRP I)) (VP (VBP agree))), found an empty line');
  return tree;
}

/**
 * The trees of a line as EVALB reads them: any number of them, none on an empty line; labels may be empty, `(NP)` is a phrase without
 * children and `(NP )` an empty word.
 * @throws DataError with the column of what is wrong: brackets that are not balanced, a word outside of brackets or beside
 *   something else
 */
export function readTrees(line: string): Tree[] {
  return new Reader(line, false).read();
}

interface OpenPhrase {
  readonly label: string;
  readonly children: Tree[];
  /** Where its bracket stands. */
  readonly at: number;
}

class Reader {
  private readonly trees: Tree[] = [];
  private readonly open: OpenPhrase[] = [];
  private at = 0;

  /** @param strict read one tree in which nothing is empty */
  constructor(
    private readonly line: string,
    private readonly strict: boolean,
  ) {}

  read(): Tree[] {
    for (this.match(SPACE); this.at < this.line.length; this.match(SPACE)) {
      if (this.line[this.at] === '(') this.openBracket();
      else if (this.line[this.at] === ')') this.closePhrase();
      else this.fail(this.at, this.open.length > 0 ? 'a bracket' : this.outside);
    }
    const unclosed = this.open.at(-1);
    if (unclosed) this.fail(this.at, `")" to close the bracket of column ${unclosed.at + 1}`);
    return this.trees;
  }

  private openBracket(): void {
    const { at } = this;
    if (this.strict && this.open.length === 0 && this.trees.length > 0) this.fail(at, 'nothing after the tree');
    const [, label = '', word] = this.match(OPENING)!;
    if (this.strict && label === '') this.fail(at + 1, 'a label right behind "("');
    if (word !== undefined && this.line[this.at] === ')') {
      if (this.strict && word === '') this.fail(this.at, 'a word or a bracket');
      this.at += 1;
      this.add({ label, word });
    } else if (word) {
      this.match(SPACE);
      this.fail(this.at, '")" behind the one word of a bracket');
    } else {
      this.open.push({ label, children: [], at });
    }
  }

  private closePhrase(): void {
    const phrase = this.open.pop();
    if (!phrase) this.fail(this.at, this.outside);
    const { label, children } = phrase;
    if (this.strict && children.length === 0) this.fail(this.at, 'a word or a bracket');
    this.at += 1;
    this.add({ label, children });
  }

  /** What is expected outside of brackets. */
  private get outside(): string {
    return this.strict && this.trees.length > 0 ? 'nothing after the tree' : 'an opening bracket';
  }

  private add(tree: Tree): void {
    (this.open.at(-1)?.children ?? this.trees).push(tree);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.line);
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  private fail(at: number, expected: string): never {
    this.at = at;
    const found = this.match(TEXT)?.[0];
    const what = found === undefined ? (at < this.line.length ? 'white space' : 'the end of the line') : `"${found}"`;
    throw new DataError(`column ${at + 1}: expected ${expected}, found ${what}`);
  }
}
