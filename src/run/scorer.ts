// The scorer of a task whose outputs are text.
import { EngineError } from '../errors.js';
import type { Scorer } from '../metrics/metric.js';
import type { RunConfig, TaskAdapter } from '../task.js';

/** @throws EngineError where the task's outputs are sounds */
export function textScorer(task: TaskAdapter, config: RunConfig, metrics?: readonly string[]): Scorer {
  if (task.createScorer) return task.createScorer(config, metrics);
  throw new EngineError(`internal: the outputs of ${task.name} are no text`);
}
