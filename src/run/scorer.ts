// The scorer of a task whose outputs are text, and which scores are of the model instead.
import { EngineError } from '../errors.js';
import type { Scorer } from '../metrics/metric.js';
import type { RunConfig, TaskAdapter } from '../task.js';

/** The options of an evaluation that say how texts are compared. */
export const COMPARISON = [
  'tokenize',
  'lowercase',
  'normalize',
  'characters',
  'stem',
  'ignoreStress',
  'tagScheme',
] as const;

/** The metrics that are asked for, or else those of the configuration. */
export function wantedMetrics(config: RunConfig, metrics?: readonly string[]): readonly string[] {
  return metrics ?? (config as unknown as { evaluation: { metrics: readonly string[] } }).evaluation.metrics;
}

/** @param metrics of outputs @throws EngineError where the task's outputs are sounds */
export function textScorer(task: TaskAdapter, config: RunConfig, metrics: readonly string[]): Scorer {
  if (task.createScorer) return task.createScorer(config, metrics);
  throw new EngineError(`internal: the outputs of ${task.name} are no text`);
}
