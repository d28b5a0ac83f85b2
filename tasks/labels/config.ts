// What the configurations of tasks whose outputs are labels have in common.
import { z } from 'zod';
import { batchingSchema } from '../../src/data/config.js';
import { type DecodingConfig, decodingConfigSchema } from '../../src/decode/config.js';
import { type TrainingConfig, trainingConfigSchema } from '../../src/train/config.js';

/** What is reported of outputs that are labels. */
export const LABEL_METRICS = ['microF1', 'macroF1', 'subsetAccuracy', 'hammingLoss'] as const;

/** `labels:` of a configuration. */
export const labelsSchema = z
  .strictObject({
    separator: z.string().min(1).default(',').describe('what stands between the labels of an example'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        'file of all labels, one a line; the data may then have their numbers, counted from 0. By default the labels are those of the training split',
      ),
    decision: z
      .enum(['sequence', 'binary-relevance'])
      .default('sequence')
      .describe(
        'how labels are decided. sequence: the decoder writes them one after another and stops; binary-relevance: each by itself, where its probability is above a threshold that validation chooses',
      ),
    order: z
      .enum(['free', 'frequent-first'])
      .default('free')
      .describe(
        'the order that labels are learned in. free: whatever order the model finds most likely, label by label (Tsai & Lee, 2020); frequent-first: always the same',
      ),
    classWeights: z
      .enum(['none', 'balanced', 'root'])
      .default('none')
      .describe(
        'what a label counts in the loss. balanced: inversely to its frequency; root: to the square root of that; the mean over the training labels is 1',
      ),
    onUnseen: z
      .enum(['error', 'drop'])
      .default('error')
      .describe(
        'a label that no training example has, outside the training split: stop, or do without it in the target (counted and named; it still counts as missed in scores)',
      ),
    onNone: z
      .enum(['keep', 'skip', 'error'])
      .default('keep')
      .describe('an example without labels: learn that there are none, leave it out (counted and named), or stop'),
    onDuplicate: z
      .enum(['error', 'merge'])
      .default('error')
      .describe('a label that an example has twice: stop, or take it once (counted and named)'),
  })
  .prefault({})
  .describe('the labels of an example and how they are learned');

/** The `labels` section. */
export type LabelsConfig = z.infer<typeof labelsSchema>;

/** `batching:` where a blank target is one without labels. */
export const labelBatchingSchema = batchingSchema.safeExtend({
  onBlank: z.literal('keep').default('keep').describe('what is done without labels is said by `labels.onNone`'),
});

/** The sections that {@link checkLabelsConfig} looks at. */
interface LabelSections {
  readonly labels: LabelsConfig;
  readonly training: TrainingConfig;
  readonly decoding: DecodingConfig;
}

type Fail = (path: readonly string[], message: string) => void;

/** Rules on how labels are decided and learned that concern several sections. */
export function checkLabelsConfig(sections: LabelSections, fail: Fail): void {
  const { labels, training } = sections;
  if (labels.decision === 'binary-relevance') checkRelevance(sections, fail);
  if (training.objective !== 'cross-entropy' && labels.order === 'free') {
    fail(
      ['labels', 'order'],
      `free is for true targets, but objective ${training.objective} samples; set frequent-first`,
    );
  }
  if (training.objective !== 'cross-entropy' && labels.classWeights !== 'none') {
    fail(['labels', 'classWeights'], `weigh true targets, but objective ${training.objective} samples; leave them out`);
  }
}

/** Refuses what only sequences of labels have a use for. */
function checkRelevance({ labels, training, decoding }: LabelSections, fail: Fail): void {
  const why = 'labels are decided each by itself (labels.decision binary-relevance); leave it out';
  if (labels.order !== 'free') fail(['labels', 'order'], `means nothing where ${why}`);
  const usual = trainingConfigSchema.parse({});
  for (const key of ['objective', 'scheduledSampling', 'guidedAttention', 'rDrop', 'mixup', 'wordDropout'] as const) {
    if (JSON.stringify(training[key]) !== JSON.stringify(usual[key])) {
      fail(['training', key], `is for labels that are written one after another, but ${why}`);
    }
  }
  if (JSON.stringify(decoding) !== JSON.stringify(decodingConfigSchema.parse({ batchSize: decoding.batchSize }))) {
    fail(['decoding'], `nothing is searched for where ${why}, but for batchSize`);
  }
}
