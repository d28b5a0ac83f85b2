// Speech-to-speech: recordings in one language → the sound of another.
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import type { ManifestRow } from '../../src/audio/manifests/read.js';
import { FeatureStore } from '../../src/audio/store/store.js';
import type { Features } from '../../src/audio/types.js';
import type { RawRow } from '../../src/data/corpus.js';
import { ConfigError, DataError } from '../../src/errors.js';
import type { TaskAdapter, TaskContext } from '../../src/task.js';
import { openSoundCorpus, type RowSource } from '../sound/corpus.js';
import { createSounds, restoreSounds } from '../sound/setup.js';
import { starterManifests } from '../speech/config.js';
import { prepareSources, readOptions } from '../speech/corpus.js';
import { createSources, restoreSources, tokenizerOf } from '../speech/setup.js';
import { parseTokenizer } from '../tokenizers.js';
import { SpeechToSpeechCodec, type TextHead, TRANSCRIPT_FILE, TRANSLATION_FILE } from './codec.js';
import { type SpeechToSpeechConfig, speechToSpeechConfigSchema } from './config.js';
import { sourceLines, spokenAudio } from './lines.js';

/** The two CTC heads: section, text of a row, column of a manifest and file in the run. */
const HEADS = {
  ctc: { text: (row: RawRow) => row.transcript, column: 'text', file: TRANSCRIPT_FILE },
  targetCtc: { text: (row: RawRow) => row.targetText, column: 'translation', file: TRANSLATION_FILE },
} as const;

/** Makes the sources of all rows. @returns the source of a row, which throws a DataError where it cannot be used */
async function sourcesOf(
  config: SpeechToSpeechConfig,
  split: ManifestConfig,
  rows: readonly ManifestRow[],
  context: TaskContext,
): Promise<(row: ManifestRow, index: number) => RowSource> {
  const prepared = await prepareSources(config, split, rows, context);
  const store = await FeatureStore.open(config.features, context.cacheDir);
  const read = readOptions(split);
  for (const [i, { audio }] of rows.entries()) {
    if (prepared[i] instanceof DataError) continue;
    const features = await store.features({ segment: audio, read, speed: 1 });
    if (isSilent(features)) prepared[i] = new DataError(`${audio.path}: the source is silent`);
  }
  return ({ text, translation }, i) => {
    const found = prepared[i];
    if (found === undefined || found instanceof DataError) throw found;
    return {
      ...found,
      ...(text === undefined ? {} : { transcript: text }),
      ...(translation === undefined ? {} : { targetText: translation }),
    };
  };
}

/** Whether all frames are the same, as in digital silence. */
function isSilent({ data, frames, dim }: Features): boolean {
  for (let i = dim; i < frames * dim; i++) if (data[i] !== data[i - dim]) return false;
  return true;
}

/** A head whose tokenizer is learned from the training rows; undefined where its loss is left out. */
async function learnHead(
  config: SpeechToSpeechConfig,
  name: keyof typeof HEADS,
  rows: () => AsyncIterable<RawRow>,
  baseDir: string,
): Promise<TextHead | undefined> {
  const { weight, tokenizer } = config[name];
  if (weight === 0) return undefined;
  const { text, column } = HEADS[name];
  let count = 0;
  for await (const row of rows()) if ((text(row) ?? '').trim() !== '') count += 1;
  if (count === 0) {
    throw new ConfigError(
      `${name}.weight: expected rows with a text in the column \`${column}\`, found none in the training split; add it, or set ` +
        `${name}.weight to 0`,
    );
  }
  return { tokenizer: await tokenizerOf(tokenizer, rows, text, baseDir), bpeDropout: tokenizer.bpeDropout };
}

/** A head of an existing run. */
async function readHead(
  config: SpeechToSpeechConfig,
  name: keyof typeof HEADS,
  read: (name: string) => Promise<string>,
): Promise<TextHead | undefined> {
  const { weight, tokenizer } = config[name];
  if (weight === 0) return undefined;
  const { file } = HEADS[name];
  return { tokenizer: parseTokenizer(await read(file), file), bpeDropout: tokenizer.bpeDropout };
}

/** The speech-to-speech task. */
export const speechToSpeech: TaskAdapter<SpeechToSpeechConfig> = {
  name: 'speech-to-speech',
  source: 'audio',
  target: 'audio',
  metrics: ['mcd', 'logF0Rmse', 'voicingError', 'durationError', 'stopAccuracy', 'diagonality', 'cer'],
  recipes: ['tasks/speech-to-speech/recipes/asterisk.yaml'],
  configSchema: speechToSpeechConfigSchema,
  starterConfig: {
    task: 'speech-to-speech',
    data: starterManifests,
  },
  openCorpus: (config, split, context) =>
    openSoundCorpus(
      config,
      split as ManifestConfig,
      {
        target({ target, translation }) {
          if (target) return { audio: target, text: translation };
          throw new DataError('expected the path of the target recording in a column `target`, found none');
        },
        sources: (rows) => sourcesOf(config, split as ManifestConfig, rows, context),
      },
      context,
    ),
  async createCodec(config, rows, baseDir, context) {
    return new SpeechToSpeechCodec({
      transcript: await learnHead(config, 'ctc', rows, baseDir),
      translation: await learnHead(config, 'targetCtc', rows, baseDir),
      sources: await createSources(config, rows, context),
      sounds: await createSounds(config, rows, context, spokenAudio),
    });
  },
  async restoreCodec(config, read, context) {
    return new SpeechToSpeechCodec({
      transcript: await readHead(config, 'ctc', read),
      translation: await readHead(config, 'targetCtc', read),
      sources: await restoreSources(config, read, context),
      sounds: await restoreSounds(config, read, context, spokenAudio),
    });
  },
  inputLines: ({ data }, path) => sourceLines(path, data.train),
};
