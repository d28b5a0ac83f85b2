// Reading Penn bracketings, and saying where they are wrong.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { readTree, readTrees, type Tree } from '../../../src/metrics/trees/bracket.js';

const write = (tree: Tree, space: string): string =>
  `(${tree.label} ${'word' in tree ? tree.word : tree.children.map((child) => write(child, space)).join(space)})`;

const { tree } = fc.letrec<{ tree: Tree }>((tie) => {
  const name = fc.stringMatching(/^[^()\t-\r ]+$/u);
  return {
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.record({ label: name, word: name }),
      fc.record({ label: name, children: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    ),
  };
});

describe('bracketings', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom('', ' ', '\n\t '), (written, space) => {
        const line = write(written, space);
        expect(readTree(line)).toEqual(written);
        expect(readTrees(`${space}${line}${space}${line}\n`)).toEqual([written, written]);
      }),
    );
  });

  it('may nest deeply', () => {
    const depth = 100_000;
    expect(readTrees('(X'.repeat(depth) + ')'.repeat(depth))).toHaveLength(1);
  });

  it('may be empty in several ways where EVALB reads them so', () => {
    expect(readTrees(' ')).toEqual([]);
    expect(readTrees('(S)(NP )( (NN a))( b)')).toEqual([
      { label: 'S', children: [] },
      { label: 'NP', word: '' },
      { label: '', children: [{ label: 'NN', word: 'a' }] },
      { label: '', word: 'b' },
    ]);
    expect(readTrees('(NN a\u00a0b)')).toEqual([{ label: 'NN', word: 'a\u00a0b' }]);
  });

  it.each([
    ['(S (NN dog)', 'column 12: expected ")" to close the bracket of column 1, found the end of the line'],
    ['(S (NN dog', 'column 11: expected ")" behind the one word of a bracket, found the end of the line'],
    ['(S (NN big dog))', 'column 12: expected ")" behind the one word of a bracket, found "dog"'],
    ['(S (NN dog(X a)))', 'column 11: expected ")" behind the one word of a bracket, found "("'],
    ['(S (NN dog) barks)', 'column 13: expected a bracket, found "barks"'],
    ['the dog', 'column 1: expected an opening bracket, found "the"'],
    [')', 'column 1: expected an opening bracket, found ")"'],
  ])('are refused by both readers: %s', (line, message) => {
    expect(() => readTrees(line)).toThrow(DataError);
    expect(() => readTrees(line)).toThrow(message);
    expect(() => readTree(line)).toThrow(message);
  });

  it.each([
    ['', 'expected a tree such as (S (NP (PRP I)) (VP (VBP agree))), found an empty line'],
    ['( (S (NN dog)))', 'column 2: expected a label right behind "(", found white space'],
    ['(S ((NN dog)))', 'column 5: expected a label right behind "(", found "("'],
    ['(S (NP))', 'column 7: expected a word or a bracket, found ")"'],
    ['(S (NP ))', 'column 8: expected a word or a bracket, found ")"'],
    ['(S (NN dog)) (S (NN cat))', 'column 14: expected nothing after the tree, found "("'],
    ['(S (NN dog)))', 'column 13: expected nothing after the tree, found ")"'],
    ['(S (NN dog)) barks', 'column 14: expected nothing after the tree, found "barks"'],
  ])('are refused where one whole tree is asked for: %s', (line, message) => {
    expect(() => readTree(line)).toThrow(DataError);
    expect(() => readTree(line)).toThrow(message);
  });
});
