// The reward that a configuration names: a metric, a constant, or a function of a module of the user's.
import { pathToFileURL } from 'node:url';
import { didYouMean } from '../config/suggest.js';
import { ConfigError, DataError } from '../errors.js';
import { METRIC_NAMES, type MetricOptions } from '../metrics/metric.js';
import { metricReward, type Reward } from '../metrics/sentence.js';
import type { RunConfig } from '../task.js';
import { sequenceConfig } from '../train/objectives/settings.js';

/** A reward that looks like a path. */
export const isModulePath = (reward: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(reward);

/** A module's `reward` function, or its default export. */
async function moduleReward(path: string): Promise<Reward> {
  let module: { reward?: unknown; default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
    throw new DataError(`${path}: cannot be loaded as a module: ${(cause as Error).message}`, { missing, cause });
  }
  const reward = module.reward ?? module.default;
  if (typeof reward !== 'function') {
    throw new DataError(`${path}: expected an exported function \`reward(output, reference)\`, found ${typeof reward}`);
  }
  return (output, reference) => {
    const value: unknown = reward(output, reference);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new DataError(
      `${path}: expected a finite number as the reward of ${JSON.stringify(output)}, found ${String(value)}`,
    );
  };
}

/**
 * The reward of the objective; undefined where it samples nothing.
 * @throws ConfigError for a name that is neither a metric nor a path; DataError for a module that cannot be used
 */
export async function rewardOf(config: RunConfig): Promise<Reward | undefined> {
  const sequences = sequenceConfig(config.training);
  if (!sequences) return undefined;
  const { reward } = sequences;
  if (reward === 'constant') return () => 1;
  if (isModulePath(reward)) return moduleReward(reward);
  if (!METRIC_NAMES.includes(reward)) {
    const names = [...METRIC_NAMES, 'constant'];
    throw new ConfigError(
      `training: reward ${JSON.stringify(reward)}: expected ${names.join(', ')}, or the path of a module such as ./reward.mjs` +
        didYouMean(reward, names),
    );
  }
  return metricReward(reward, (config as unknown as { evaluation: MetricOptions }).evaluation);
}
