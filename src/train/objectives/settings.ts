// From the `training` section to what the programs of an objective are built for.
import type { TrainingConfig } from '../config.js';
import type { ObjectiveSetup } from './types.js';

/** The section of an objective over sampled outputs. */
export type SequenceConfig =
  | ({ readonly kind: 'reinforce' } & TrainingConfig['reinforce'])
  | ({ readonly kind: 'minimum-risk' } & TrainingConfig['minimumRisk']);

/** The section of the objective, where that samples outputs. */
export function sequenceConfig({ objective, reinforce, minimumRisk }: TrainingConfig): SequenceConfig | undefined {
  if (objective === 'reinforce') return { kind: objective, ...reinforce };
  if (objective === 'minimum-risk') return { kind: objective, ...minimumRisk };
  return undefined;
}

/** Sequences of each source in a batch: samples, and the true target where it takes part. */
export function sequencesPerSource(config: SequenceConfig): number {
  const hasGold = config.crossEntropyWeight > 0 || (config.kind === 'minimum-risk' && config.addGold);
  return config.samples + (hasGold ? 1 : 0);
}

/** What is optimised. */
export function objectiveSetup(training: TrainingConfig): ObjectiveSetup {
  const sequences = sequenceConfig(training);
  if (sequences) {
    const rows = sequencesPerSource(sequences);
    if (sequences.kind === 'reinforce') return { kind: 'reinforce', rows };
    return { kind: 'minimum-risk', rows, alpha: sequences.alpha };
  }
  const { rDrop, mixup, coverage, scheduledSampling, guidedAttention, frames } = training;
  const { weight, sigma, layers, heads, measure } = guidedAttention;
  const { decay, prediction, passes } = scheduledSampling;
  const attention = weight > 0 || measure ? { guidedAttention: { weight, sigma, layers, heads } } : {};
  if (frames) return { kind: 'frames', ...frames, scheduledPasses: decay === 'off' ? 0 : passes, ...attention };
  return {
    kind: 'cross-entropy',
    rDrop,
    mixup: mixup > 0,
    coverage,
    ...(decay === 'off' ? {} : { scheduledSampling: { prediction, passes } }),
    ...attention,
  };
}
