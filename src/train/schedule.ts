// Learning-rate schedules: linear warm-up, then one of four ways down.
import type { TrainingConfig } from './config.js';

/**
 * The learning rate of a step.
 * `inverse-sqrt` falls with 1/√step after the warm-up (Vaswani et al., 2017, scaled so that its peak is `learningRate`),
 * `cosine` along half a cosine (Loshchilov & Hutter, 2017) and `linear` along a line, both to 0 at the last step.
 * @param step counted from 1
 */
export function learningRateAt(
  config: Pick<TrainingConfig, 'learningRate' | 'schedule' | 'warmupSteps' | 'steps'>,
  step: number,
): number {
  const { learningRate, schedule, warmupSteps, steps } = config;
  if (step < warmupSteps) return (learningRate * step) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  if (schedule === 'inverse-sqrt') return learningRate * Math.sqrt(Math.max(warmupSteps, 1) / step);
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  if (schedule === 'linear') return learningRate * (1 - progress);
  return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}
