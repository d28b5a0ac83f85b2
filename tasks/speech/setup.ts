// Makes and restores what tasks that listen know of their data: sources, and the codec of those that write text.
import { resolve } from 'node:path';
import { z } from 'zod';
import { CmvnAccumulator, type CmvnStatistics, parseCmvnStatistics } from '../../src/audio/features/cmvn.js';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { RawRow } from '../../src/data/corpus.js';
import { DataError } from '../../src/errors.js';
import { FRAMES_PER_POSITION } from '../../src/model/config.js';
import type { TaskContext } from '../../src/task.js';
import type { TextTokenizerConfig } from '../../src/text/config.js';
import { type Tokenizer, TokenizerTrainer } from '../../src/text/tokenizer.js';
import { loadTokenizer, parseTokenizer } from '../tokenizers.js';
import { SpeechCodec, TOKENIZER_FILE, TRANSCRIPT_FILE } from './codec.js';
import { readOptions } from './corpus.js';
import { parseSource } from './lines.js';
import { CMVN_FILE, LENGTHS_FILE, type SpeechConfig, SpeechSources, type TrainedLengths } from './sources.js';

/** A configuration of either task. */
export type ListeningConfig = SpeechConfig & {
  readonly tokenizer: TextTokenizerConfig;
  readonly transcriptTokenizer?: TextTokenizerConfig;
};

type Rows = () => AsyncIterable<RawRow>;

/** Learns a tokenizer from one text of the rows, or takes the file that the configuration names. */
export async function tokenizerOf(
  config: TextTokenizerConfig,
  rows: Rows,
  text: (row: RawRow) => string | undefined,
  baseDir: string,
): Promise<Tokenizer> {
  if (config.file !== undefined) return loadTokenizer(resolve(baseDir, config.file));
  const trainer = new TokenizerTrainer({ ...config, joint: false });
  for await (const row of rows()) {
    const line = text(row);
    if (line !== undefined) trainer.add(line);
  }
  return trainer.finish();
}

/** Mean and variance of the training features at their own speed, for `cmvn: global`. */
async function statisticsOf(
  config: SpeechConfig,
  store: FeatureStore,
  rows: Rows,
): Promise<CmvnStatistics | undefined> {
  if (config.features.cmvn !== 'global') return undefined;
  const accumulator = new CmvnAccumulator();
  for await (const { source } of rows()) {
    accumulator.add(await store.features({ ...parseSource(source, '.', trainOptions(config)), speed: 1 }));
  }
  return accumulator.statistics();
}

const lengthsSchema = z.strictObject({ longest: z.number().min(0), usual: z.number().min(0) });

/** How long the training utterances are. */
async function lengthsOf({ features }: SpeechConfig, rows: Rows): Promise<TrainedLengths> {
  const seconds: number[] = [];
  for await (const { sourceLength = 0 } of rows()) {
    seconds.push((sourceLength * FRAMES_PER_POSITION * features.frameShift) / 1000);
  }
  seconds.sort((a, b) => a - b);
  return { longest: seconds.at(-1) ?? 0, usual: seconds[Math.floor(0.9 * (seconds.length - 1))] ?? 0 };
}

/** Reads what {@link lengthsOf} found. @throws DataError when the file says something else */
function parseLengths(text: string): TrainedLengths {
  try {
    return lengthsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(`${LENGTHS_FILE}: expected "longest" and "usual" in seconds, found something else`, { cause });
  }
}

const trainOptions = ({ data }: SpeechConfig) => readOptions(data.train as ManifestConfig);

/** Which text the CTC head is trained on: the transcript where the target is a translation. */
const ctcText = (config: ListeningConfig) => (config.transcriptTokenizer ? 'transcript' : 'target');

/** Learns from the training rows what is to be known of sources. */
export async function createSources(
  config: SpeechConfig,
  rows: Rows,
  { cacheDir }: TaskContext,
): Promise<SpeechSources> {
  const store = await FeatureStore.open(config.features, cacheDir);
  return new SpeechSources({
    config,
    store,
    read: trainOptions(config),
    statistics: await statisticsOf(config, store, rows),
    lengths: await lengthsOf(config, rows),
  });
}

/** Reads what {@link createSources} has learned. */
export async function restoreSources(
  config: SpeechConfig,
  read: (name: string) => Promise<string>,
  { cacheDir }: TaskContext,
): Promise<SpeechSources> {
  return new SpeechSources({
    config,
    store: await FeatureStore.open(config.features, cacheDir),
    read: trainOptions(config),
    lengths: parseLengths(await read(LENGTHS_FILE)),
    statistics: config.features.cmvn === 'global' ? parseCmvnStatistics(await read(CMVN_FILE), CMVN_FILE) : undefined,
  });
}

/** Learns tokenizers and statistics from the training rows. */
export async function createSpeechCodec(
  config: ListeningConfig,
  rows: Rows,
  baseDir: string,
  context: TaskContext,
): Promise<SpeechCodec> {
  const target = await tokenizerOf(config.tokenizer, rows, (row) => row.target, baseDir);
  const hasCtc = (config.ctc?.weight ?? 0) > 0;
  const { transcriptTokenizer } = config;
  const transcript =
    hasCtc && transcriptTokenizer
      ? await tokenizerOf(transcriptTokenizer, rows, (row) => row.transcript, baseDir)
      : target;
  return new SpeechCodec({
    sources: await createSources(config, rows, context),
    target,
    bpeDropout: config.tokenizer.bpeDropout,
    ctc: hasCtc ? { tokenizer: transcript, of: ctcText(config) } : undefined,
  });
}

/** Reads the codec of a run. */
export async function restoreSpeechCodec(
  config: ListeningConfig,
  read: (name: string) => Promise<string>,
  context: TaskContext,
): Promise<SpeechCodec> {
  const target = parseTokenizer(await read(TOKENIZER_FILE), TOKENIZER_FILE);
  const hasCtc = (config.ctc?.weight ?? 0) > 0;
  const of = ctcText(config);
  const tokenizer =
    hasCtc && of === 'transcript' ? parseTokenizer(await read(TRANSCRIPT_FILE), TRANSCRIPT_FILE) : target;
  return new SpeechCodec({
    sources: await restoreSources(config, read, context),
    target,
    bpeDropout: config.tokenizer.bpeDropout,
    ctc: hasCtc ? { tokenizer, of } : undefined,
  });
}
