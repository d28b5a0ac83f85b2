// Speech recognition: audio → the text that is spoken.
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { starterManifests } from '../speech/config.js';
import { openSpeechCorpus } from '../speech/corpus.js';
import { manifestLines } from '../speech/lines.js';
import { createSpeechCodec, restoreSpeechCodec } from '../speech/setup.js';
import { type SpeechRecognitionConfig, speechRecognitionConfigSchema } from './config.js';

/** The speech recognition task. */
export const speechRecognition: TaskAdapter<SpeechRecognitionConfig> = {
  name: 'speech-recognition',
  source: 'audio',
  target: 'text',
  metrics: ['wer', 'cer', 'mer', 'wil', 'exactMatch'],
  recipes: ['fsdd', 'an4', 'an4-second', 'asterisk-recognition'].map(
    (name) => `tasks/speech-recognition/recipes/${name}.yaml`,
  ),
  configSchema: speechRecognitionConfigSchema,
  starterConfig: {
    task: 'speech-recognition',
    data: starterManifests,
  },
  openCorpus: (config, split, context) =>
    openSpeechCorpus(config, split as ManifestConfig, ({ text = '' }) => ({ target: text }), context),
  createCodec: createSpeechCodec,
  restoreCodec: restoreSpeechCodec,
  inputLines: ({ data }, path) => manifestLines(path, data.train),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
