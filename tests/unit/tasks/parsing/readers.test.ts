// Parsing: treebanks in brackets and in CoNLL-U, SCAN and tables, what is wrong with them, and the configuration.
import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parsing } from '../../../../tasks/parsing/adapter.js';
import { configOf, folder, opened, put, type Sections } from './support.js';

afterAll(() => rmSync(folder, { recursive: true }));

const skip = { data: { onBadTree: 'skip' } };

describe('trees in brackets', () => {
  it('stand on one line, or on several as in the Penn Treebank', async () => {
    const text = `(S (NP (PRP I)) (VP (VBP agree)))
( (S
    (NP-SBJ-1 (DT The) (NN dog) )
    (VP (VBZ seems)
      (S (NP-SBJ (-NONE- *-1))
        (VP (TO to) (VP (VB sleep)))))
    (. .)))

  (FRAG=2 (-LRB- -LRB-) (NN x\u00a0y))
(X (Y z)
)
`;
    const plain = [
      ['I agree', '(S (NP (PRP I)) (VP (VBP agree)))'],
      [
        'The dog seems to sleep .',
        '(S (NP (DT The) (NN dog)) (VP (VBZ seems) (S (VP (TO to) (VP (VB sleep))))) (. .))',
      ],
      ['-LRB- x\u00a0y', '(FRAG (-LRB- -LRB-) (NN x\u00a0y))'],
      ['z', '(X (Y z))'],
    ];
    const { lines, rows, log } = await opened(configOf('constituency', { file: put('a.mrg.gz', gzipSync(text)) }));
    expect([lines, log]).toEqual([plain, []]);
    expect(rows.map(({ origin }) => origin.split(':').at(-1))).toEqual(['1', '2', '9', '10']);
    const full = await opened(configOf('constituency', { file: put('a.mrg', text) }, { data: { labels: 'full' } }));
    expect(full.lines[1]).toEqual([
      'The dog seems *-1 to sleep .',
      '(S (NP-SBJ-1 (DT The) (NN dog)) (VP (VBZ seems) (S (NP-SBJ (-NONE- *-1)) (VP (TO to) (VP (VB sleep))))) (. .))',
    ]);
    expect(full.lines[2]![1]).toBe('(FRAG=2 (-LRB- -LRB-) (NN x\u00a0y))');
  });

  it.each([
    ['(S (NP (PRP I))', 'expected ")" to close the bracket of column 1'],
    ['(S\n  (NP (PRP I)\n\n', 'expected ")" to close the bracket of column 6'],
    ['(S (NP) (VP (VB go)))', 'expected a word or a bracket'],
    ['(S (NP (PRP I)) x)', 'expected a bracket, found "x"'],
    ['(S (VB go)) (S (VB go))', 'expected nothing after the tree'],
    ['( (S (VB go)) (S (VB go)))', 'expected nothing after the tree'],
    ['(VB go)', 'expected a bracket around the brackets of words, found one word'],
    ['(S (-NONE- *))', 'expected a bracket around the brackets of words, found no words'],
    ['(S (N\u00a0N go))', 'expected labels without white space'],
    [`${'(S '.repeat(11)}(VB go)${')'.repeat(11)}`, 'at most 10 brackets to open one right behind another, found 11'],
    ['no tree', 'expected an opening bracket'],
  ])('are refused or left out where they are none: %j', async (bad, message) => {
    const good = '(S (VB go))';
    const file = put('bad.mrg', `${good}\n${bad}\n${good}\n`);
    const failed = opened(configOf('constituency', { file }));
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(/^\S*bad\.mrg:2: .*; correct it, or set data\.onBadTree to skip$/);
    const { lines, log } = await opened(configOf('constituency', { file }, skip));
    expect(lines).toEqual([
      ['go', good],
      ['go', good],
    ]);
    expect(log[0]).toMatch(/^warning: \S*bad\.mrg:2: .*; left out$/);
    expect(log[1]).toBe(`warning: ${file}: 1 bad tree left out`);
  });
});

/** The lines of words of CoNLL-U: form, head and relation of each. */
const conllu = (...words: [string, number | string, string][]): string =>
  words.map(([form, head, relation], i) => `${i + 1}\t${form}\t_\tX\t_\t_\t${head}\t${relation}\t_\t_\n`).join('');

const SENTENCE = conllu(['I', 2, 'nsubj'], ['see', 0, 'root'], ['10 000', 2, 'obj:x']);

describe('CoNLL-U', () => {
  it('has words, and lines that are none', async () => {
    const [first = '', ...rest] = SENTENCE.split(/(?<=\n)/);
    const text = `# text = I see 10 000
1-2\tI'see\t_\t_\t_\t_\t_\t_\t_\t_
${first}1.1\tgo\t_\t_\t_\t_\t_\t_\t_\t_
${rest.join('')}

# newpar
${conllu(['Go', 0, 'root'])}`;
    const file = put('a.conllu.gz', gzipSync(text));
    const { lines, rows, log } = await opened(configOf('dependency', { file }));
    expect(lines).toEqual([
      ['I see 10_000', '2:nsubj 0:root 2:obj:x'],
      ['Go', '0:root'],
    ]);
    expect(rows.map(({ origin }) => origin)).toEqual([`${file}:1`, `${file}:9`]);
    expect(log).toEqual([
      `${file}: 1 multiword token and 1 empty node passed over, which are no words of the trees`,
      `${file}: 1 word with white space, which is written as _`,
    ]);
  });

  it.each([
    [conllu(['a', 2, 'x'], ['b', 1, 'x'], ['c', 0, 'root']), 5, 'a word that depends on itself through others'],
    [conllu(['a', 0, 'root'], ['b', 2, 'x']), 6, 'a word that depends on itself through others'],
    [conllu(['a', 0, 'root'], ['b', 0, 'root']), 6, 'expected one root, found another on'],
    [conllu(['a', 1, 'x']), 5, 'expected a word with head 0, found none'],
    [conllu(['a', 0, 'root'], ['b', 3, 'x']), 6, 'expected a head among the 2 words of the sentence, found 3'],
    [conllu(['a', 0, 'root'], ['b', 1, 'root']), 6, 'the relation root and the head 0 together, found 1 and root'],
    [conllu(['a', 0, 'ccomp']), 5, 'the relation root and the head 0 together, found 0 and ccomp'],
    [conllu(['a', '_', 'x']), 5, 'or 0 for the root, in column 7, found "_"'],
    [conllu(['a', 0, '_']), 5, 'expected a relation such as nsubj in column 8, found "_"'],
    [conllu(['', 0, 'root']), 5, 'expected a word in column 2, found ""'],
    ['1\ta\t0\troot\n', 5, 'expected 10 tab-separated columns, found 4'],
    [conllu(['a', 0, 'root']).replace('1', '2'), 5, 'expected word 1 of the sentence, found "2"'],
    ['# only a comment\n', 5, 'expected a sentence, found no words'],
  ])('is refused or left out where it is no tree: %j', async (bad, line, message) => {
    const file = put('bad.conllu', `${SENTENCE}\n${bad}\n${SENTENCE}`);
    const failed = opened(configOf('dependency', { file }));
    await expect(failed).rejects.toThrow(`${file}:${line}: `);
    await expect(failed).rejects.toThrow(message);
    const { lines, log } = await opened(configOf('dependency', { file }, skip));
    expect(lines).toHaveLength(2);
    expect(log).toContain(`warning: ${file}: 1 bad tree left out`);
  });
});

describe('logical forms', () => {
  it('are read from SCAN, TSV, JSONL and parallel files', async () => {
    const expected = [
      ['jump twice', 'I_JUMP I_JUMP'],
      ['walk', 'I_WALK'],
    ];
    const splits = [
      { file: put('scan.txt', 'IN: jump twice OUT: I_JUMP I_JUMP\nIN: walk OUT: I_WALK\n'), format: 'scan' },
      { file: put('a.tsv', 'jump twice\tI_JUMP  I_JUMP\tkind\nwalk\tI_WALK\tkind\n') },
      {
        file: put('a.jsonl', '{"source":"jump twice","target":"I_JUMP I_JUMP"}\n{"source":"walk","target":"I_WALK"}\n'),
      },
      { source: put('a.in', 'jump twice\nwalk\n'), target: put('a.out', 'I_JUMP I_JUMP\nI_WALK\n') },
    ];
    for (const split of splits) expect((await opened(configOf('logicalForm', split))).lines).toEqual(expected);
  });

  it('names the line of SCAN that is none', async () => {
    const file = put('bad.txt', 'IN: walk OUT: I_WALK\nIN: walk\n');
    await expect(opened(configOf('logicalForm', { file, format: 'scan' }))).rejects.toThrow(
      `${file}:2: expected \`IN: … OUT: …\`, found "IN: walk"; correct the line`,
    );
  });
});

describe('percentiles', () => {
  it('part a file by the hashes of its sentences', async () => {
    const text = Array.from({ length: 400 }, (_, i) => `IN: walk ${i} OUT: I_WALK\n`).join('');
    const file = put('many.txt', text);
    const part = async (percentiles?: [number, number]) =>
      (await opened(configOf('logicalForm', { file, format: 'scan', percentiles }))).lines.map(([source]) => source);
    const [all, some, others] = [await part(), await part([0, 10]), await part([10, 100])];
    expect([...some, ...others].sort()).toEqual(all.sort());
    expect(some.length).toBeGreaterThan(15);
    expect(some.length).toBeLessThan(65);
    // By Python: int.from_bytes(hashlib.sha256(b'walk 7').digest()[:8], 'big') % 100 is 50.
    expect(await part([50, 51])).toContain('walk 7');
    const few = put('few.txt', 'IN: walk 7 OUT: I_WALK\n');
    await expect(opened(configOf('logicalForm', { file: few, format: 'scan', percentiles: [0, 5] }))).rejects.toThrow(
      `${few}: expected at least one sentence that can be used among the sentences of percentiles 0 to 5, found none`,
    );
  });
});

describe('the configuration', () => {
  const problems = (formalism: string, split: Sections, sections: Sections = {}): string[] => {
    const { data, ...others } = sections;
    const config = { task: 'parsing', formalism, data: { train: split, valid: split, ...(data as object) }, ...others };
    const result = parsing.configSchema.safeParse(config);
    return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('has the scores of its formalism', () => {
    const metrics = (formalism: 'constituency' | 'dependency' | 'logicalForm', split: Sections) =>
      configOf(formalism, split).evaluation.metrics;
    expect(metrics('constituency', { file: 'x' })).toEqual(['evalbF1']);
    expect(metrics('dependency', { file: 'x' })).toEqual(['las', 'uas']);
    expect(metrics('logicalForm', { file: 'x.tsv' })).toEqual(['exactMatch']);
  });

  it('refuses what means nothing', () => {
    expect(problems('dependency', { file: 'x' })).toEqual([]);
    expect(problems('dependency', { file: 'x' }, { data: { labels: 'full' } })[0]).toContain('labels');
    expect(problems('logicalForm', { file: 'x.tsv' }, { data: { onBadTree: 'skip' } })[0]).toContain('onBadTree');
    expect(problems('semantics', { file: 'x' })[0]).toMatch(/^formalism: /);
    expect(problems('dependency', { file: 'x' }, { model: { copy: true } })[0]).toMatch(/^model\.copy: /);
    expect(problems('dependency', { file: 'x' }, { training: { validationMetric: 'lsa' } })[0]).toMatch(
      /^training\.validationMetric: /,
    );
    expect(problems('logicalForm', { file: 'x.txt' })[0]).toContain('set `format`');
    expect(problems('logicalForm', { format: 'scan' })).toContain(
      'data.train.file: `format` is `scan`, so `file` must be set.',
    );
    expect(problems('logicalForm', { file: 'x.txt', format: 'scan', sourceColumn: 1 })[0]).toMatch(
      /^data\.train\.sourceColumn: /,
    );
    expect(problems('dependency', { file: 'x', percentiles: [5, 5] })[0]).toContain('two rising numbers');
  });
});
