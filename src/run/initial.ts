// Parameters that a training begins with: those of another run's encoder.
import type { HostTensor } from '../engine/types.js';
import { ConfigError } from '../errors.js';
import type { ParameterSpec } from '../model/parameters.js';
import type { RunConfig, TaskContext } from '../task.js';
import { loadModel } from './model.js';
import { openRun } from './open.js';

/** What belongs to the encoder and what it reads; a CTC head is taken only where its vocabulary is as large. */
const ENCODER = /^(encoder|source)\./;
const HEAD = /^ctc\./;

const sameShape = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

/**
 * The parameters that `training.startFrom` or `training.encoderFrom` names.
 * @returns undefined where neither names any
 * @throws ConfigError when it has other sizes; DataError when there is no such run
 */
export async function initialParameters(
  { training }: RunConfig,
  specs: ReadonlyMap<string, ParameterSpec>,
  context: TaskContext,
): Promise<Record<string, HostTensor> | undefined> {
  const { encoderFrom, startFrom } = training;
  if (startFrom !== undefined) return wholeModel(startFrom, specs, context);
  if (encoderFrom === undefined) return undefined;
  const { parameters, label } = await loadModel(await openRun(encoderFrom, [], context));
  const result: Record<string, HostTensor> = {};
  for (const [name, { shape }] of specs) {
    const found = parameters[name];
    const fits = found !== undefined && sameShape(found.shape, shape);
    if (fits && (ENCODER.test(name) || HEAD.test(name))) result[name] = found;
    else if (ENCODER.test(name)) {
      throw new ConfigError(
        `training.encoderFrom: ${encoderFrom} has ${found ? `${name} of shape [${found.shape.join(', ')}]` : `no ${name}`}, ` +
          `but this model needs [${shape.join(', ')}]; give both runs the same sizes under \`model\` and \`features\``,
      );
    }
  }
  const left = Object.keys(parameters).find((name) => name.startsWith('encoder.') && !specs.has(name));
  if (left !== undefined) {
    throw new ConfigError(
      `training.encoderFrom: ${encoderFrom} has ${left}, but this model has no such parameter; give both runs the same layers under \`model\``,
    );
  }
  context.log?.(`the encoder begins with that of ${encoderFrom} (${label})`);
  return result;
}

/** All parameters of another run but a CTC head that this model lacks. What that run lacks begins at random. */
async function wholeModel(
  run: string,
  specs: ReadonlyMap<string, ParameterSpec>,
  context: TaskContext,
): Promise<Record<string, HostTensor>> {
  const { parameters, label } = await loadModel(await openRun(run, [], context));
  const result: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) {
    const { shape } = tensor;
    const wanted = specs.get(name);
    // A model may go on without the head that its encoder was trained with.
    if (!wanted && HEAD.test(name)) continue;
    result[name] = tensor;
    if (wanted && sameShape(wanted.shape, shape)) continue;
    throw new ConfigError(
      `training.startFrom: ${run} has ${name} of shape [${shape.join(', ')}], but this model ` +
        `${wanted ? `needs [${wanted.shape.join(', ')}]` : 'has no such parameter'}; give both runs the same \`model\` section`,
    );
  }
  const fresh = [...specs.keys()].filter((name) => !(name in parameters));
  const rest = fresh.length > 0 ? `; ${fresh.join(', ')} begin at random` : '';
  context.log?.(`the model begins with that of ${run} (${label})${rest}`);
  return result;
}
