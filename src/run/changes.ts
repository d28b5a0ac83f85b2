// Which settings may change when a run is resumed, and the refusal of all others.
import { ConfigError } from '../errors.js';
import type { RunConfig } from '../task.js';

/** Settings that may change: they steer how long and what is watched, not what is learned. */
const CHANGEABLE = [
  'decoding',
  'evaluation',
  'data.test',
  'training.logEvery',
  'training.validateEvery',
  'training.validationBeam',
  'training.saveEvery',
  'training.keepCheckpoints',
  'training.patience',
  'training.maxSkippedSteps',
];

/** Schedules whose learning rate does not depend on the number of steps. */
const OPEN_ENDED = ['inverse-sqrt', 'constant'];

/** Every leaf of a configuration by its key path. */
function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, path ? `${path}.${key}` : key)]));
}

/** @throws ConfigError listing key, old and new value of every change that would make another run of it */
export function checkResumable(before: RunConfig, now: RunConfig): void {
  const free = OPEN_ENDED.includes(before.training.schedule) ? [...CHANGEABLE, 'training.steps'] : CHANGEABLE;
  const old = leaves(before);
  const fresh = leaves(now);
  const changes = [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((key) => JSON.stringify(old.get(key)) !== JSON.stringify(fresh.get(key)))
    .filter((key) => !free.some((name) => key === name || key.startsWith(`${name}.`)));
  if (changes.length === 0) return;
  const show = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));
  throw new ConfigError(
    `the run cannot be resumed with a changed configuration:\n${changes
      .map((key) => `  ${key}: was ${show(old.get(key))}, is ${show(fresh.get(key))}`)
      .join('\n')}\nset these back, or start a new run with another --out`,
  );
}
