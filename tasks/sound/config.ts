// What the configurations of tasks whose outputs are sounds have in common.
import { z } from 'zod';
import { spectrogramConfigSchema } from '../../src/audio/synthesis/config.js';
import { batchingSchema } from '../../src/data/config.js';
import { frameDecodingConfigSchema } from '../../src/decode/config.js';
import { frameTrainingConfigSchema } from '../../src/train/config.js';

/** How sounds are scored. */
const soundEvaluation = z
  .strictObject({
    recognizer: z
      .string()
      .optional()
      .describe('run folder of a speech-recognition model, which is to understand the outputs: character error rates'),
  })
  .prefault({})
  .describe('how outputs are scored');

/** Sections of the target side. */
export const soundSections = {
  spectrogram: spectrogramConfigSchema.prefault({}).describe('the mel spectrograms that are written'),
  vocoder: z
    .strictObject({
      iterations: z.int().min(0).default(60).describe('rounds of Griffin-Lim; more sound a little cleaner'),
      momentum: z.number().min(0).lt(1).default(0.99).describe('momentum of fast Griffin-Lim; 0 is the plain form'),
    })
    .prefault({})
    .describe('how spectrograms become sound'),
} as const;

/** Sections that come after the model. */
export const soundTrainingSections = {
  training: frameTrainingConfigSchema.prefault({}).describe('how it is trained'),
  decoding: frameDecodingConfigSchema.prefault({}).describe('how outputs are written'),
  evaluation: soundEvaluation,
} as const;

/** How rows become batches. */
export const soundBatching = batchingSchema
  .prefault({})
  .describe('how rows become batches; a target position is `model.frames.reduction` frames');

type Fail = (path: readonly string[], message: string) => void;

/** The parts of a configuration that {@link checkSoundConfig} looks at. */
export interface SoundRules {
  readonly batching: { readonly onLong: string };
  readonly model: {
    readonly heads?: number | undefined;
    readonly frames: { readonly kind: string };
  };
  readonly decoding: z.infer<typeof frameDecodingConfigSchema>;
  readonly training: z.infer<typeof frameTrainingConfigSchema>;
}

/** Rules that concern several sections. */
export function checkSoundConfig({ batching, model, decoding, training }: SoundRules, fail: Fail): void {
  if (batching.onLong === 'truncate') {
    fail(
      ['batching', 'onLong'],
      'onLong must not be truncate: what is cut off one side would still be on the other; use error or skip',
    );
  }
  if (training.validationMetric !== 'loss') {
    fail(['training', 'validationMetric'], `must be loss for frames, but is ${training.validationMetric}`);
  }
  const { guidedAttention, durationsFrom, scheduledSampling, frames } = training;
  if (frames.guide === 'durations' && guidedAttention.weight === 0) {
    fail(
      ['training', 'frames', 'guide'],
      'is what guided attention is drawn to, but guidedAttention.weight is 0; set it, or leave guide out',
    );
  }
  if (model.frames.kind === 'parallel') {
    const isWatched = guidedAttention.weight > 0 || guidedAttention.measure;
    if (isWatched) fail(['training', 'guidedAttention'], 'a parallel decoder has no cross-attention; leave it out');
    if (scheduledSampling.decay !== 'off') {
      fail(['training', 'scheduledSampling'], 'a parallel decoder does not read its own outputs; leave it out');
    }
    if (decoding.window) fail(['decoding', 'window'], 'a parallel decoder has no cross-attention; leave it out');
    return;
  }
  if (durationsFrom !== undefined) {
    fail(['training', 'durationsFrom'], 'is for parallel decoders (model.frames.kind); leave it out');
  }
  if (frames.durationWeight !== 1)
    fail(['training', 'frames', 'durationWeight'], 'is for parallel decoders; leave it out');
  if (decoding.speed !== 1) {
    fail(
      ['decoding', 'speed'],
      'the speed of an autoregressive decoder cannot be told; use a parallel one (model.frames.kind)',
    );
  }
}
