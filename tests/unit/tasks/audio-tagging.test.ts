// Audio tagging: labels in manifests, what is wrong with them or with recordings, and the codec of sound and labels.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeWav } from '../../../src/audio/synthesis/wav-out.js';
import type { RawRow } from '../../../src/data/corpus.js';
import { FrameSequence, type SourceSequence } from '../../../src/data/sequences.js';
import { Random } from '../../../src/random.js';
import { EOS } from '../../../src/text/special-tokens.js';
import { audioTagging } from '../../../tasks/audio-tagging/adapter.js';

const RATE = 8000;
const folder = mkdtempSync(join(tmpdir(), 's2s-tagging-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A recording of a steady tone in a little noise. */
function tone(name: string, seconds: number, hertz: number): string {
  const random = new Random(1, name);
  const samples = Float32Array.from(
    { length: Math.round(seconds * RATE) },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / RATE) + 0.02 * (random.uniform() - 0.5),
  );
  writeFileSync(join(folder, name), encodeWav(samples, RATE).bytes);
  return name;
}

const [low, high, long] = [tone('low.wav', 0.4, 300), tone('high.wav', 0.4, 2500), tone('long.wav', 6, 300)];

let files = 0;
function put(content: string, end = 'tsv'): string {
  const path = join(folder, `${files++}.${end}`);
  writeFileSync(path, content);
  return path;
}
const manifest = (...rows: readonly string[]) => put(`audio\ttext\n${rows.map((row) => `${row}\n`).join('')}`);

const TRAIN = [`${low}\thum, hiss`, `${high}\twhistle`, `${low}\t`, `${high}\thum,whistle`, `${low}\thum`];

type Sections = { train?: string | object; test?: string | object; data?: object; labels?: object } & Record<
  string,
  unknown
>;

function parsed({ train = manifest(...TRAIN), test = train, data = {}, ...sections }: Sections = {}) {
  const split = (given: string | object) => (typeof given === 'string' ? { manifest: given } : given);
  return audioTagging.configSchema.safeParse({
    task: 'audio-tagging',
    data: { train: split(train), valid: split(test), test: split(test), ...data },
    features: { sampleRate: RATE, numMelBins: 20 },
    ...sections,
  });
}

function configOf(sections: Sections = {}) {
  const { data, error } = parsed(sections);
  if (!data) throw error;
  return data;
}
type Config = ReturnType<typeof configOf>;

const contextOf = (log: string[] = []) => ({
  cacheDir: join(folder, 'cache'),
  quiet: true,
  threads: 1,
  log: (line: string) => log.push(line),
});

async function opened(config: Config, split: 'train' | 'test' = 'train') {
  const log: string[] = [];
  const corpus = await audioTagging.openCorpus(config, config.data[split] as object, contextOf(log));
  const rows: RawRow[] = [];
  for await (const row of corpus.rows()) rows.push(row);
  return { rows, log: log.join('\n'), targets: rows.map(({ target }) => target) };
}

async function codecOf(config: Config) {
  const { rows } = await opened(config);
  async function* all() {
    yield* rows;
  }
  return { codec: await audioTagging.createCodec(config, all, folder, contextOf()), rows };
}

const numbers = async (source: SourceSequence) => (await (source as FrameSequence).load()).data;

describe('the labels of a manifest', () => {
  it('are separated as told, and may be none', async () => {
    const { targets, rows } = await opened(configOf());
    expect(targets).toEqual(['hum, hiss', 'whistle', '', 'hum, whistle', 'hum']);
    expect(rows[0]).toMatchObject({ source: join(folder, low), sourceLength: 10, references: ['hum, hiss'] });
    const bars = put(`audio\ttags\n${low}\tx | y\n${high}\tz\n`);
    const config = configOf({ train: { manifest: bars, columns: { text: 'tags' } }, labels: { separator: '|' } });
    expect((await opened(config)).targets).toEqual(['x, y', 'z']);
    const json = put(`{"audio":"${low}","text":"b,a"}\n{"audio":"${high}","text":""}\n`, 'jsonl');
    expect((await opened(configOf({ train: json }))).targets).toEqual(['b, a', '']);
  });

  it('may be numbers of the labels of a file', async () => {
    const file = put('hiss\nhum\nwhistle\n', 'txt');
    const config = configOf({ train: manifest(`${low}\t1,0`, `${high}\twhistle`), labels: { file } });
    expect((await opened(config)).targets).toEqual(['hum, hiss', 'whistle']);
    const { codec } = await codecOf(config);
    expect(codec.vocabulary.target).toBe(4 + 3);
  });

  it.each([
    ['with an empty one', 'hum,,hiss', /expected labels separated by ",", found "hum,,hiss" with an empty one/],
    ['with one twice', 'hum,hum', /the label "hum" is there twice/],
  ])('%s are refused with file and line, before any recording is read', async (_name, labels, message) => {
    const train = manifest('nowhere.wav\thum', `${low}\t${labels}`);
    await expect(opened(configOf({ train }))).rejects.toThrow(message);
    await expect(opened(configOf({ train }))).rejects.toThrow(`${train}:3: `);
  });

  it('that are not there at all are refused', async () => {
    const bare = put(`audio\ttags\n${low}\thum\n`);
    await expect(opened(configOf({ train: bare }))).rejects.toThrow(
      `${bare}:2: expected labels under "text", which is empty where there are none, found no such column or key`,
    );
    const json = put(`{"audio":"${low}","text":"hum"}\n{"audio":"${high}"}\n`, 'jsonl');
    await expect(opened(configOf({ train: json }))).rejects.toThrow(`${json}:2: expected labels under "text"`);
  });

  it('that no training example has stop or are dropped from what is learned, not from what is scored', async () => {
    const test = manifest(`${low}\thum,bark`, `${high}\tbark`);
    await expect(opened(configOf({ test }), 'test')).rejects.toThrow(
      `${test}:2: the label "bark" is in no example of the training split`,
    );
    const { targets, rows, log } = await opened(configOf({ test, labels: { onUnseen: 'drop' } }), 'test');
    expect(targets).toEqual(['hum', '']);
    expect(rows.map(({ references }) => references)).toEqual([['hum, bark'], ['bark']]);
    expect(log).toMatch(/2 rows have labels that cannot be learned \("bark"\)/);
  });

  it('may be required', async () => {
    await expect(opened(configOf({ labels: { onNone: 'error' } }))).rejects.toThrow(
      /tsv:4: expected at least one label, found none/,
    );
    const { targets, log } = await opened(configOf({ labels: { onNone: 'skip' } }));
    expect(targets).toEqual(['hum, hiss', 'whistle', 'hum, whistle', 'hum']);
    expect(log).toContain('1 row has no label and is left out');
    const none = configOf({ train: manifest(`${low}\t`), labels: { onNone: 'skip' } });
    await expect(opened(none)).rejects.toThrow(/tsv: expected at least one example, found none/);
  });
});

describe('a recording that cannot be used', () => {
  const train = () => manifest(...TRAIN, 'nowhere.wav\tbark', `${long}\thum`);

  it('is named, or left out', async () => {
    const config = configOf({ train: train(), data: { maxSeconds: 2 } });
    await expect(opened(config)).rejects.toThrow(/2 of 7 utterances cannot be used:.*tsv:7: .*tsv:8: .*maxSeconds/s);
    const { targets, log } = await opened(configOf({ train: train(), data: { maxSeconds: 2, onBadAudio: 'skip' } }));
    expect([targets.length, log]).toEqual([5, expect.stringContaining('they are left out')]);
  });

  it('leaves its labels known to the model, as they are to the other splits', async () => {
    const test = manifest(`${low}\tbark`);
    const config = configOf({ train: train(), test, data: { onBadAudio: 'skip' } });
    const { codec } = await codecOf(config);
    const { rows } = await opened(config, 'test');
    const { target } = await codec.encodeRow(rows[0] as RawRow);
    expect(codec.decodeOutput((target as Int32Array).subarray(0, -1))).toBe('bark');
  });
});

describe('the codec', () => {
  it('has frames on one side and a token a label, the most frequent first, on the other', async () => {
    const { codec, rows } = await codecOf(configOf());
    const examples = await Promise.all(rows.map((row) => codec.encodeRow(row)));
    // hum 3, whistle 2, hiss 1
    expect(examples.map(({ target }) => [...(target as Int32Array)])).toEqual([
      [4, 6, EOS],
      [5, EOS],
      [EOS],
      [4, 5, EOS],
      [4, EOS],
    ]);
    expect(examples[0]?.source).toBeInstanceOf(FrameSequence);
    expect(examples[0]?.source).toMatchObject({ length: 10, width: 4 * 20 });
    expect(codec.vocabulary).toEqual({ source: { features: 20 }, target: 7 });
    expect([codec.hasFreeOrder, codec.secondsPerPosition]).toEqual([true, 0.04]);
    expect([...(codec.grammar?.('x')?.following(Int32Array.of(5), 9) ?? [])].sort()).toEqual([EOS, 4, 6]);
    expect(codec.tokenNames('target', Int32Array.of(4, EOS))).toEqual(['hum', '</s>']);
  });

  it('tags a recording whole, however long, from any folder', async () => {
    const { codec } = await codecOf(configOf());
    expect(codec).not.toHaveProperty('pieces');
    expect(await codec.encodeSource(long, folder)).toHaveLength(150);
    expect(await codec.encodeSource(`${long}\t1\t2`, folder)).toHaveLength(25);
  });

  it('hears sounds that are steady', async () => {
    const { codec, rows } = await codecOf(configOf());
    const means = async (row: RawRow | undefined) => {
      const data = await numbers((await codec.encodeRow(row as RawRow)).source);
      return Array.from({ length: 20 }, (_, bin) => {
        const own = data.filter((_value, i) => i % 20 === bin).subarray(0, 38);
        return own.reduce((sum, value) => sum + value, 0) / own.length;
      });
    };
    const [deep, shrill] = await Promise.all([means(rows[0]), means(rows[1])]);
    expect(Math.max(...deep.map((value, bin) => Math.abs(value - (shrill[bin] as number))))).toBeGreaterThan(1.5);
  });

  it('varies recordings and weighs labels in training only', async () => {
    const { codec, rows } = await codecOf(
      configOf({ augmentation: { speed: [0.5] }, labels: { classWeights: 'balanced' } }),
    );
    const [plain, varied] = await Promise.all(
      [undefined, new Random(1, 'row')].map((r) => codec.encodeRow(rows[0]!, r)),
    );
    expect(varied!.source.length / plain!.source.length).toBeCloseTo(2, 0);
    expect(plain!.targetWeights).toBeUndefined();
    const [hum, hiss, stop] = varied!.targetWeights as Float32Array;
    expect([hiss! / hum!, stop]).toEqual([expect.closeTo(3, 5), 1]);
  });

  it.each(['sequence', 'binary-relevance'])('comes back as it was: %s', async (decision) => {
    const config = configOf({ labels: { decision } });
    const { codec, rows } = await codecOf(config);
    expect(Object.keys(codec.files()).sort()).toEqual(['cmvn.json', 'labels.json', 'lengths.json']);
    const again = await audioTagging.restoreCodec(config, async (name) => codec.files()[name] ?? '', contextOf());
    expect(again.files()).toEqual(codec.files());
    expect(again.vocabulary).toEqual(codec.vocabulary);
    expect(again.vocabulary.relevance).toBe(decision === 'sequence' ? undefined : true);
    const [one, other] = await Promise.all([codec, again].map((made) => made.encodeRow(rows[3] as RawRow)));
    expect(other!.target).toEqual(one!.target);
    expect(await numbers(other!.source)).toEqual(await numbers(one!.source));
  });
});

describe('the configuration', () => {
  it.each<[string, Sections, RegExp]>([
    ['pieces', { segmentation: { maxSeconds: 2 } }, /segmentation/],
    ['a CTC head', { ctc: { weight: 0.3 } }, /ctc/],
    ['a tokenizer', { tokenizer: { kind: 'char' } }, /tokenizer/],
    ['cut recordings', { batching: { onLong: 'truncate' } }, /labels may tell of what is heard after the cut/],
    ['copying', { model: { copy: true } }, /the source is sound/],
    ['a coverage loss', { training: { coverage: 1 } }, /coverage needs model\.copy/],
    ['an unknown metric', { training: { validationMetric: 'f7' } }, /validationMetric must be loss or one of/],
    [
      'a beam where labels are decided each by itself',
      { labels: { decision: 'binary-relevance' }, decoding: { beam: 3 } },
      /nothing is searched for/,
    ],
  ])('refuses %s', (_name, sections, message) => {
    expect(parsed(sections).error?.message).toMatch(message);
  });
});
