// Speech translation: audio in one language → text in another.
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { starterManifests } from '../speech/config.js';
import { openSpeechCorpus } from '../speech/corpus.js';
import { manifestLines } from '../speech/lines.js';
import { createSpeechCodec, restoreSpeechCodec } from '../speech/setup.js';
import { type SpeechTranslationConfig, speechTranslationConfigSchema } from './config.js';

/** The speech translation task. */
export const speechTranslation: TaskAdapter<SpeechTranslationConfig> = {
  name: 'speech-translation',
  source: 'audio',
  target: 'text',
  metrics: ['bleu', 'chrf', 'chrf++', 'ter', 'exactMatch'],
  recipes: ['tasks/speech-translation/recipes/asterisk.yaml'],
  configSchema: speechTranslationConfigSchema,
  starterConfig: {
    task: 'speech-translation',
    data: starterManifests,
  },
  openCorpus: (config, split, context) =>
    openSpeechCorpus(
      config,
      split as ManifestConfig,
      ({ text, translation = '' }) => ({ target: translation, ...(text === undefined ? {} : { transcript: text }) }),
      context,
    ),
  createCodec: createSpeechCodec,
  restoreCodec: restoreSpeechCodec,
  inputLines: ({ data }, path) => manifestLines(path, data.train),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
