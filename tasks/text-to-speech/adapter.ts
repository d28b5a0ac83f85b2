// Text-to-speech: written text → the sound of it.
import { resolve } from 'node:path';
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { DataError } from '../../src/errors.js';
import type { TaskAdapter } from '../../src/task.js';
import { TokenizerTrainer } from '../../src/text/tokenizer.js';
import { openSoundCorpus } from '../sound/corpus.js';
import { spokenLines } from '../sound/lines.js';
import { createSounds, restoreSounds } from '../sound/setup.js';
import { starterManifests } from '../speech/config.js';
import { loadTokenizer, parseTokenizer } from '../tokenizers.js';
import { said, TextToSpeechCodec, TOKENIZER_FILE } from './codec.js';
import { type TextToSpeechConfig, textToSpeechConfigSchema } from './config.js';

/** The text-to-speech task. */
export const textToSpeech: TaskAdapter<TextToSpeechConfig> = {
  name: 'text-to-speech',
  source: 'text',
  target: 'audio',
  metrics: ['mcd', 'logF0Rmse', 'voicingError', 'durationError', 'stopAccuracy', 'diagonality', 'cer'],
  recipes: ['kerstin', 'kerstin-parallel'].map((name) => `tasks/text-to-speech/recipes/${name}.yaml`),
  configSchema: textToSpeechConfigSchema,
  starterConfig: {
    task: 'text-to-speech',
    data: starterManifests,
    training: { guidedAttention: { weight: 1, sigma: 0.05 }, frames: { guide: 'durations' } },
  },
  openCorpus: (config, split, context) =>
    openSoundCorpus(
      config,
      split as ManifestConfig,
      {
        target: ({ audio, text }) => ({ audio, text }),
        sources:
          async () =>
          ({ text }) => {
            if (text === undefined) throw new DataError('the row has no text');
            return { source: text };
          },
      },
      context,
    ),
  async createCodec(config, rows, baseDir, context) {
    const { file } = config.tokenizer;
    const trainer = new TokenizerTrainer({ ...config.tokenizer, joint: false });
    if (file === undefined) for await (const { source } of rows()) trainer.add(said(source, config));
    const tokenizer = file === undefined ? trainer.finish() : await loadTokenizer(resolve(baseDir, file));
    return new TextToSpeechCodec(config, tokenizer, await createSounds(config, rows, context));
  },
  async restoreCodec(config, read, context) {
    const tokenizer = parseTokenizer(await read(TOKENIZER_FILE), TOKENIZER_FILE);
    return new TextToSpeechCodec(config, tokenizer, await restoreSounds(config, read, context));
  },
  inputLines: ({ data }, path) => spokenLines(path, data.train),
};
