// Linearised trees: there and back, and grammars that let through all trees over a sentence's words and nothing else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTree, readAttachments } from '../../../../src/metrics/trees/attachments.js';
import { readTree, type Tree } from '../../../../src/metrics/trees/bracket.js';
import { EOS } from '../../../../src/text/special-tokens.js';
import { allows, brackets, choosing, codecOf, configOf, dependencies, walk } from './support.js';

const config = {
  constituency: configOf('constituency', { file: 'x.mrg' }),
  dependency: configOf('dependency', { file: 'x.conllu' }),
};

const leaves = (tree: Tree): string[] => ('word' in tree ? [tree.word] : tree.children.flatMap(leaves));
const sentenceOf = (line: string): string => leaves(readTree(line)).join(' ');

/** Target tokens of a row without the end mark. */
async function tokensOf(codec: Awaited<ReturnType<typeof codecOf>>, source: string, target: string) {
  const row = await codec.encodeRow({ index: 0, source, target, origin: 'x:1' });
  expect((row.target as Int32Array).at(-1)).toBe(EOS);
  return (row.target as Int32Array).slice(0, -1);
}

const numbers = fc.array(fc.nat(1000), { maxLength: 80 });

describe('trees of constituents', () => {
  it('are actions: brackets that open and close, and tags for the words', async () => {
    const tree = '(S (NP (PRP I)) (VP (VBP see) (NP (DT the) (NN dog))))';
    const codec = await codecOf(config.constituency, [['I see the dog', tree]]);
    const tokens = await tokensOf(codec, 'I see the dog', tree);
    expect(codec.tokenNames('target', tokens).join(' ')).toBe('(S (NP PRP ) (VP VBP (NP DT NN ) ) )');
    expect(codec.decodeOutput(tokens, await codec.encodeSource('I see the dog'))).toBe(tree);
    // The words of the input, known or not, with brackets as treebanks have them.
    expect(codec.decodeOutput(tokens, await codec.encodeSource(' Wir  sehen den Hund:( '))).toBe(
      '(S (NP (PRP Wir)) (VP (VBP sehen) (NP (DT den) (NN Hund:-LRB-))))',
    );
    expect(codec.decodeOutput(tokens)).toBe('(S (NP (PRP _)) (VP (VBP _) (NP (DT _) (NN _))))');
  });

  it('come back as they were, and the grammar lets them through', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(brackets, { minLength: 1, maxLength: 20 }), async (trees) => {
        const pairs = trees.map((tree) => [sentenceOf(tree), tree] as const);
        const codec = await codecOf(config.constituency, pairs);
        for (const [sentence, tree] of pairs) {
          const tokens = await tokensOf(codec, sentence, tree);
          expect(codec.decodeOutput(tokens, await codec.encodeSource(sentence))).toBe(tree);
          const grammar = codec.grammar!(sentence)!;
          expect(grammar.shortest).toBeLessThanOrEqual(tokens.length);
          expect(allows(grammar, tokens, tokens.length)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are all that the grammar lets through, in any room', async () => {
    const labelled = '(S (NP (DT a) (NN b)) (, ,) (VP (VB c)))';
    const codec = await codecOf(config.constituency, [['a b , c', labelled]]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.nat(30), numbers, async (words, more, drawn) => {
        const sentence = Array.from({ length: words }, (_, i) => `w${i}`).join(' ');
        const grammar = codec.grammar!(sentence)!;
        const tokens = walk(grammar, grammar.shortest + more, choosing(drawn));
        const line = codec.decodeOutput(tokens, await codec.encodeSource(sentence));
        expect(sentenceOf(line)).toBe(sentence);
        expect(await tokensOf(codec, sentence, line)).toEqual(tokens);
      }),
      { numRuns: 500 },
    );
  });

  it('open at most ten brackets one right behind another', async () => {
    const codec = await codecOf(config.constituency, [['a b', '(S (NN a) (NP (NN b)))']]);
    const tokens = walk(codec.grammar!('a b')!, 200, () => 0);
    const names = codec.tokenNames('target', tokens);
    expect(names.slice(0, 11).map((name) => name.startsWith('('))).toEqual([...new Array(10).fill(true), false]);
  });
});

describe('trees of dependencies', () => {
  it('are two tokens a word: the offset of its head and the relation', async () => {
    const codec = await codecOf(config.dependency, [['I see it', '2:nsubj 0:root 2:obj']]);
    const tokens = await tokensOf(codec, 'I see it', '2:nsubj 0:root 2:obj');
    expect(codec.tokenNames('target', tokens)).toEqual(['+1', 'nsubj', '0', 'root', '-1', 'obj']);
    expect(codec.decodeOutput(tokens)).toBe('2:nsubj 0:root 2:obj');
    expect(codec.grammar!('I see it')!.shortest).toBe(6);
  });

  it('come back as they were, and the grammar lets them through', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(dependencies, { minLength: 1, maxLength: 20 }), async (pairs) => {
        const codec = await codecOf(config.dependency, pairs);
        for (const [sentence, tree] of pairs) {
          const tokens = await tokensOf(codec, sentence, tree);
          expect(codec.decodeOutput(tokens)).toBe(tree);
          expect(allows(codec.grammar!(sentence)!, tokens, tokens.length)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are all that the grammar lets through, also over sentences longer than the longest way to a head', async () => {
    const codecs = await Promise.all(
      ['0:root', '0:root 1:obj 1:obj', '0:root 1:obj 1:obj 1:obj'].map((line) => {
        return codecOf(config.dependency, [['a b c d', line]]);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...codecs), fc.integer({ min: 1, max: 14 }), numbers, (codec, words, drawn) => {
        const grammar = codec.grammar!('w '.repeat(words))!;
        const line = codec.decodeOutput(walk(grammar, grammar.shortest, choosing(drawn)));
        const attachments = readAttachments(line);
        expect(attachments).toHaveLength(words);
        expect(isTree(attachments), line).toBe(true);
        for (const attachment of attachments) expect(attachment!.relation === 'root').toBe(attachment!.head === 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('of few words are found one and all', async () => {
    // Heads are at most two words away, as the training tree has it; its one relation and the one for unknown ones are two.
    const codec = await codecOf(config.dependency, [['a b c', '3:obj 1:obj 0:root']]);
    for (const [words, reach] of [
      [3, 2],
      [5, 2],
    ] as const) {
      const grammar = codec.grammar!('w '.repeat(words))!;
      const found = new Set<string>();
      const visit = (tokens: number[]): void => {
        for (const token of grammar.following(Int32Array.from(tokens), 2 * words - tokens.length)) {
          if (token === EOS) found.add(codec.decodeOutput(Int32Array.from(tokens)).replaceAll(/:\w+/g, ''));
          else visit([...tokens, token]);
        }
      };
      visit([]);
      const expected = new Set<string>();
      for (let number = 0; number < (words + 1) ** words; number++) {
        const heads = Array.from({ length: words }, (_, i) => Math.floor(number / (words + 1) ** i) % (words + 1));
        const isNear = heads.every((head, i) => head === 0 || Math.abs(head - i - 1) <= reach);
        if (isNear && isTree(heads.map((head) => ({ head, relation: 'x' })))) expected.add(heads.join(' '));
      }
      expect([...found].sort()).toEqual([...expected].sort());
    }
  });
});
