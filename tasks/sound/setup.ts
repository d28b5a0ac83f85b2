// Makes and restores what tasks whose outputs are sounds know of their recordings: statistics and voices.
import { CmvnAccumulator, type CmvnStatistics, parseCmvnStatistics } from '../../src/audio/features/cmvn.js';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { SpectrogramConfig } from '../../src/audio/synthesis/config.js';
import { spectrogramFeatures } from '../../src/audio/synthesis/conventions.js';
import type { RawRow } from '../../src/data/corpus.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import { readOptions } from '../speech/corpus.js';
import { parseSource } from '../speech/lines.js';
import { SoundTargets, spokenTexts, type VocoderConfig, type VoiceLines } from './targets.js';

const STATISTICS_FILE = 'spectrogram.json';
const SPEAKERS_FILE = 'speakers.json';

/** The parts of a configuration that say what sounds are. */
export interface SoundConfig {
  readonly seed: number;
  readonly data: { readonly train: object };
  readonly spectrogram: SpectrogramConfig;
  readonly vocoder: VocoderConfig;
  readonly model: { readonly frames: { readonly reduction: number } };
}

/** Targets, and the files that they are restored from. */
export interface SoundSetup {
  readonly targets: SoundTargets;
  readonly files: Readonly<Record<string, string>>;
}

const openStore = (config: SoundConfig, { cacheDir }: TaskContext) =>
  FeatureStore.open(spectrogramFeatures(config.spectrogram), cacheDir);

function setUp(
  config: SoundConfig,
  store: FeatureStore,
  statistics: CmvnStatistics,
  speakers: string[],
  lines: VoiceLines,
): SoundSetup {
  const { spectrogram, vocoder, seed, model } = config;
  const read = readOptions(config.data.train as ManifestConfig);
  const { reduction } = model.frames;
  return {
    targets: new SoundTargets({ spectrogram, vocoder, seed, reduction, store, statistics, speakers, read, lines }),
    files: {
      [STATISTICS_FILE]: `${JSON.stringify(statistics)}\n`,
      ...(speakers.length > 0 ? { [SPEAKERS_FILE]: `${JSON.stringify(speakers)}\n` } : {}),
    },
  };
}

/** Learns the statistics and the voices of the training rows. A single voice needs no name. @param lines how lines name voices */
export async function createSounds(
  config: SoundConfig,
  rows: () => AsyncIterable<RawRow>,
  context: TaskContext,
  lines: VoiceLines = spokenTexts,
): Promise<SoundSetup> {
  const store = await openStore(config, context);
  const read = readOptions(config.data.train as ManifestConfig);
  const accumulator = new CmvnAccumulator();
  const names = new Set<string | undefined>();
  for await (const { target, speaker } of rows()) {
    accumulator.add(await store.features({ ...parseSource(target, '.', read), speed: 1 }));
    names.add(speaker);
  }
  if (names.size > 1 && names.has(undefined)) {
    throw new DataError('some training rows name a speaker and others none; give every row one, or none');
  }
  const speakers = names.size > 1 ? [...names].map(String).sort() : [];
  return setUp(config, store, accumulator.statistics(), speakers, lines);
}

/** Reads what {@link createSounds} has written. */
export async function restoreSounds(
  config: SoundConfig,
  read: (name: string) => Promise<string>,
  context: TaskContext,
  lines: VoiceLines = spokenTexts,
): Promise<SoundSetup> {
  const statistics = parseCmvnStatistics(await read(STATISTICS_FILE), STATISTICS_FILE);
  return setUp(config, await openStore(config, context), statistics, await readSpeakers(read), lines);
}

/** The voices of a run; a run of one voice has no such file. */
async function readSpeakers(read: (name: string) => Promise<string>): Promise<string[]> {
  let text: string;
  try {
    text = await read(SPEAKERS_FILE);
  } catch (error) {
    if (error instanceof DataError && error.exitCode === 66) return [];
    throw error;
  }
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Said below.
  }
  throw new DataError(`${SPEAKERS_FILE}: expected a list of names, found something else`);
}
