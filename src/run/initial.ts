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
 * The encoder that `training.encoderFrom` names.
 * @returns undefined where it names none
 * @throws ConfigError when it has other sizes; DataError when there is no such run
 */
export async function initialEncoder(
  { training }: RunConfig,
  specs: ReadonlyMap<string, ParameterSpec>,
  context: TaskContext,
): Promise<Record<string, HostTensor> | undefined> {
  const { encoderFrom } = training;
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
  context.log?.(`the encoder begins with that of ${encoderFrom} (${label})`);
  return result;
}
