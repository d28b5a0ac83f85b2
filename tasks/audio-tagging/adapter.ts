// Audio tagging: a recording → the labels of what is heard in it, as many as the model decides.
import type { ManifestConfig } from '../../src/audio/manifests/config.js';
import { createScorer } from '../../src/metrics/metric.js';
import type { TaskAdapter } from '../../src/task.js';
import { countLabels, LABELS_FILE, LabelCodec, type LabelSources, parseLabels } from '../labels/codec.js';
import { LABEL_METRICS } from '../labels/config.js';
import { starterManifests } from '../speech/config.js';
import { manifestLines } from '../speech/lines.js';
import { createSources, restoreSources } from '../speech/setup.js';
import type { SpeechSources } from '../speech/sources.js';
import { type AudioTaggingConfig, audioTaggingConfigSchema } from './config.js';
import { labelsOf, listening, openTagged } from './corpus.js';

/** Recordings as the label codec reads them. */
const recordings = (sources: SpeechSources): LabelSources => ({
  vocabulary: { features: sources.dim },
  secondsPerPosition: sources.secondsPerPosition,
  files: () => sources.files(),
  row: (line, random) => sources.row(line, random),
  line: (line, folder) => sources.line(line, folder),
});

/** The audio tagging task. */
export const audioTagging: TaskAdapter<AudioTaggingConfig> = {
  name: 'audio-tagging',
  source: 'audio',
  target: 'labels',
  metrics: LABEL_METRICS,
  recipes: [],
  configSchema: audioTaggingConfigSchema,
  starterConfig: {
    task: 'audio-tagging',
    data: starterManifests,
    training: { validationMetric: 'microF1' },
  },
  openCorpus: (config, split, context) => openTagged(config, split as ManifestConfig, context),
  async createCodec(config, rows, _baseDir, context) {
    // Labels that only recordings which cannot be used have are known too, as other splits may have them.
    const labels = await countLabels(rows(), await labelsOf(config));
    return new LabelCodec(recordings(await createSources(listening(config), rows, context)), labels, config.labels);
  },
  async restoreCodec(config, read, context) {
    const labels = parseLabels(await read(LABELS_FILE));
    return new LabelCodec(recordings(await restoreSources(listening(config), read, context)), labels, config.labels);
  },
  inputLines: ({ data }, path) => manifestLines(path, data.train),
  createScorer: ({ evaluation }, metrics = evaluation.metrics) => createScorer(metrics, evaluation),
};
