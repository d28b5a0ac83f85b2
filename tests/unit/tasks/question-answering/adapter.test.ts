// Question answering: lines, the codec, scores, the configuration and the recipe's script.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CopyableTokens, SentenceSequence } from '../../../../src/data/sequences.js';
import type { Scorer } from '../../../../src/metrics/metric.js';
import { EOS } from '../../../../src/text/special-tokens.js';
import { questionAnswering } from '../../../../tasks/question-answering/adapter.js';
import { formatLine, parseLine, readableLine, splitPunctuation } from '../../../../tasks/question-answering/lines.js';
import { folder, parsed, put, type Sections } from './support.js';

describe('lines', () => {
  it('are JSON objects, or question and context with a tab between', () => {
    expect(parseLine('Who?\tMary left.')).toEqual({ question: 'Who?', context: 'Mary left.' });
    expect(parseLine(' {"question": "Who?", "context": "Mary\\tleft.", "id": 3}')).toEqual({
      question: 'Who?',
      context: 'Mary\tleft.',
    });
    const text = fc.string({ unit: 'grapheme' }).filter((value) => value.trim() !== '');
    fc.assert(
      fc.property(text, text, (question, context) => {
        expect(parseLine(formatLine({ question, context }))).toEqual({ question, context });
      }),
    );
  });

  it('are shown where they are anything else', () => {
    const message = (line: string) => {
      try {
        parseLine(line);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const expected = 'expected {"question": …, "context": …} or a question, a tab and a context, found';
    expect(message('Who?')).toBe(`"Who?": ${expected} no context`);
    expect(message('\tMary left.')).toBe(`"\\tMary left.": ${expected} no question`);
    expect(message('Who?\tMary left.\tMary')).toBe(`"Who?\\tMary left.\\tMary": ${expected} 2 tabs`);
    expect(message('{"question": "Who?"}')).toContain('found no text under "context"');
    expect(message('{"question": 1, "context": "c"}')).toContain('found no text under "question"');
    expect(message('{"question"')).toContain('found invalid JSON');
    expect(message('x'.repeat(99))).toMatch(/^"x{60}…": /);
  });

  it('are read with the question first and, where asked, punctuation apart', () => {
    const line = 'Who left?\t“Mary left (at 1.5 o’clock).” No… 3,5 n,w';
    expect(readableLine(line, { splitPunctuation: false, newestFirst: false })).toBe(
      'Who left? ||| “Mary left (at 1.5 o’clock).” No… 3,5 n,w',
    );
    expect(readableLine(line, { splitPunctuation: true, newestFirst: false })).toBe(
      'Who left ? ||| “ Mary left ( at 1.5 o’clock ) . ” No … 3,5 n,w',
    );
    expect(readableLine('Who?\t A.  B.', { splitPunctuation: false, newestFirst: false })).toBe('Who? |||  A.  B.');
    expect(readableLine('Who?\tA.  B.', { splitPunctuation: true, newestFirst: true })).toBe('Who ? ||| B . A .');
    expect(readableLine(' ', { splitPunctuation: true, newestFirst: false })).toBe('');
    expect(splitPunctuation(' ?!  a\n-')).toBe(' ? !  a\n-');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const split = splitPunctuation(text);
        expect(split.replace(/\s/gu, '')).toBe(text.replace(/\s/gu, ''));
        expect(splitPunctuation(split)).toBe(split);
      }),
    );
  });
});

describe('the codec', () => {
  const context = { cacheDir: folder };
  const codecOf = async (sections: Sections) => {
    const file = put('codec.txt', '1 Mary left.\n2 Who left?\tMary\n');
    const config = questionAnswering.configSchema.parse(parsed({ file }, {}, sections).data);
    const corpus = await questionAnswering.openCorpus(config, config.data.train, context);
    return { config, codec: await questionAnswering.createCodec(config, () => corpus.rows(), '.', context) };
  };

  it('sets punctuation apart for word tokens, unless told otherwise', async () => {
    const tokens = async (sections: Sections) => {
      const { codec } = await codecOf(sections);
      return codec.tokenNames('source', (await codec.encodeSource('Who left?\tMary left.')) as Int32Array).slice(0, -1);
    };
    const apart = ['Who', 'left', '?', '|||', 'Mary', 'left', '.'];
    expect(await tokens({ tokenizer: { kind: 'word' } })).toEqual(apart);
    expect(await tokens({ tokenizer: { kind: 'word' }, text: { splitPunctuation: false } })).toEqual(
      'Who left? ||| Mary left.'.split(' '),
    );
    expect((await tokens({ tokenizer: { kind: 'char' } })).join('')).toBe('Who left? ||| Mary left.');
    expect((await tokens({ tokenizer: { kind: 'char' }, text: { splitPunctuation: true } })).join('')).toBe(
      apart.join(' '),
    );
  });

  it('is restored from its files, and reads rows as it reads lines', async () => {
    const { config, codec } = await codecOf({ tokenizer: { kind: 'word' } });
    const files = codec.files();
    const restored = await questionAnswering.restoreCodec(config, async (name) => files[name] as string, context);
    const source = formatLine({ question: 'Who left?', context: 'John left.' });
    const row = await restored.encodeRow({ index: 0, source, target: 'Mary', origin: 'x:1' });
    expect(row.source).toEqual(await codec.encodeSource('Who left?\tJohn left.'));
    expect(restored.decodeOutput((row.target as Int32Array).subarray(0, -1))).toBe('Mary');
  });

  it('makes each sentence a source position, the newest first where asked', async () => {
    const line = 'Who left?\tMary came in. Did John leave?  He left at 1.5 o’clock! So';
    const read = async (text: object) => {
      const { codec } = await codecOf({ tokenizer: { kind: 'char' }, text: { unit: 'sentence', ...text } });
      expect(codec.vocabulary.sentences).toBeGreaterThan(10);
      const { sentences } = (await codec.encodeSource(line)) as SentenceSequence;
      expect([...(sentences.at(-1) ?? [])]).toEqual([EOS]);
      return sentences.slice(0, -1).map((tokens) => codec.tokenNames('source', tokens).join(''));
    };
    const length = (text: string) => [...text].length;
    const pieces = ['Who left?', 'Mary came in.', 'Did John leave?', 'He left at 1.5 o’clock!', 'So'];
    // Letters that the vocabulary lacks are the unknown token, so that lengths tell.
    expect((await read({})).map((text) => length(text.replaceAll('<unk>', '?')))).toEqual(pieces.map(length));
    const [question, ...rest] = await read({ newestFirst: true });
    const forwards = await read({});
    expect([question, ...rest.reverse()]).toEqual(forwards);
  });

  it('copies names that it has never seen from the context', async () => {
    const { codec } = await codecOf({ tokenizer: { kind: 'word' }, model: { copy: true } });
    const source = (await codec.encodeSource('Who left?\tZoë, left.')) as CopyableTokens;
    expect(source.vocabulary.words).toEqual(['Zoë', ',']);
    expect(codec.decodeOutput(Int32Array.of(codec.vocabulary.target as number), source)).toBe('Zoë');
  });
});

it('scores take the best of all answers', () => {
  const scorer = questionAnswering.createScorer?.(
    questionAnswering.configSchema.parse(parsed({ file: 'x.txt' }).data),
  ) as Scorer;
  scorer.add('The kitchen', ['in the kitchen', 'kitchen']);
  scorer.add('red kitchen', ['garden', 'kitchen']);
  const scores = Object.entries(scorer.results()).map(([name, { score }]) => [name, score]);
  expect(scores).toEqual([
    ['squadExactMatch', 50],
    ['squadF1', expect.closeTo((100 * (1 + 2 / 3)) / 2, 9)],
  ]);
});

it('the configuration explains what is wrong with it', () => {
  const problems = (split: Sections, data: Sections = {}, sections: Sections = {}) =>
    (parsed(split, data, sections).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  expect(problems({ file: 'x.json.gz' }, { onBadAnswer: 'keep' })).toEqual([]);
  expect(problems({ file: 'x.csv' })).toEqual([
    'data.train.format: `x.csv` ends in none of .jsonl, .tsv, .json and .txt: set `format`.',
  ]);
  expect(problems({ file: 'x.txt', answerColumn: 'a' })).toEqual([
    'data.train.answerColumn: `answerColumn` is for TSV and JSONL, but the format is babi.',
  ]);
  expect(problems({ file: 'x.jsonl', answerColumn: 1 })[0]).toContain('a column of a JSONL file is a key');
  expect(problems({ file: 'x.txt', part: { from: 0.5, to: 0.5 } })).toEqual([
    'data.train.part: `from` must be less than `to`',
  ]);
  expect(problems({ file: 'x.txt' }, { onBadAnswer: 'skip' })).toEqual([
    'data.onBadAnswer: `onBadAnswer` is for the format squad, which no split has; leave it out.',
  ]);
  expect(problems({ file: 'x.txt' }, {}, { training: { validationMetric: 'squad' } })[0]).toContain('squadF1');
});

describe('babi.mjs', () => {
  const script = fileURLToPath(new URL('../../../../tasks/question-answering/recipes/babi.mjs', import.meta.url));
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  it('says what it needs', () => {
    expect(run('babi')).toMatchObject({ status: 2, output: expect.stringContaining('expected node babi.mjs') });
    expect(run('babi', 'out', '21').status).toBe(2);
    expect(run('nowhere', 'out')).toEqual({
      status: 66,
      output: 'babi.mjs: nowhere: there is no such folder; unpack babi-tasks-v1.1-en.tar.gz\n',
    });
    expect(run('.', 'out', '3')).toEqual({
      status: 66,
      output: 'babi.mjs: .: expected a file qa3_*_train.txt, found none\n',
    });
  });
});
