// The eager engines: the same programs, run op by op on a tfjs backend (`cpu`, the oracle, or tfjs-node's `tensorflow`).
import type { Tensor } from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { checkInputs, checkVariables } from './check.js';
import type { EngineName } from './names.js';
import { tf } from './tfjs.js';
import type { CompileOptions, Engine, Executable, HostTensor, Patch, Program, Tensors } from './types.js';

/** @param backend a registered tfjs backend. */
export function createEagerEngine(name: EngineName, backend: string): Engine {
  return new EagerEngine(name, backend);
}

class EagerEngine implements Engine {
  private readonly store = new Map<string, Tensor>();

  constructor(
    readonly name: EngineName,
    private readonly backend: string,
  ) {}

  /** Runs `work` on this engine's backend; results survive, intermediates do not. */
  private on<T extends Record<string, Tensor>>(work: () => T): T {
    const before = tf.getBackend();
    tf.setBackend(this.backend);
    try {
      return tf.tidy(work);
    } finally {
      if (before && before !== this.backend) tf.setBackend(before);
    }
  }

  private variable(name: string): Tensor {
    const tensor = this.store.get(name);
    if (!tensor) throw new EngineError(`internal: variable ${name} does not exist`);
    return tensor;
  }

  private replace(tensors: Readonly<Record<string, Tensor>>): void {
    for (const [name, tensor] of Object.entries(tensors)) {
      this.store.get(name)?.dispose();
      this.store.set(name, tensor);
    }
  }

  private map(names: readonly string[], change: (tensor: Tensor) => Tensor): void {
    this.replace(this.on(() => Object.fromEntries(names.map((name) => [name, change(this.variable(name))]))));
  }

  private patch({ variable, offset, data }: Patch): void {
    const before = this.variable(variable);
    const flat = before.dataSync().slice() as Float32Array;
    flat.set(data, offset);
    this.replace(this.on(() => ({ [variable]: tf.tensor(flat, before.shape) })));
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const bind = options.bind ?? ((name: string) => name);
    const constants = this.on(() =>
      Object.fromEntries(Object.entries(options.constants ?? {}).map(([name, value]) => [name, toTensor(value)])),
    );
    return {
      run: async (inputs, { patches = [], offset = 0 } = {}) => {
        checkInputs(program, inputs);
        for (const patch of patches) this.patch(patch);
        const results = this.on(() => this.evaluate(program, bind, constants, inputs, offset));
        const part = (prefix: string): [string, Tensor][] =>
          Object.entries(results).flatMap(([key, tensor]) =>
            key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [],
          );
        // Nothing is awaited before this, so that runs asked for at once see one another's updates.
        this.replace(Object.fromEntries(part('update:')));
        const outputs: Record<string, HostTensor> = {};
        for (const [name, tensor] of part('output:')) outputs[name] = await takeHost(tensor);
        return outputs;
      },
      dispose: async () => {
        for (const tensor of Object.values(constants)) tensor.dispose();
      },
    };
  }

  /** Results keyed `output:name` and `update:storedVariable`. */
  private evaluate(
    program: Program,
    bind: (name: string) => string,
    constants: Tensors,
    inputs: Readonly<Record<string, HostTensor>>,
    offset: number,
  ): Record<string, Tensor> {
    const variables = Object.fromEntries(
      Object.keys(program.variables).flatMap((name) => {
        const tensor = constants[name] ?? this.store.get(bind(name));
        // A variable that the program only writes need not exist yet.
        return tensor ? [[name, tensor]] : [];
      }),
    );
    const given = Object.fromEntries(
      Object.keys(program.inputs).map((name) => [name, toTensor(inputs[name] as HostTensor)]),
    );
    const result = program.body(variables, given);
    const tensors: Record<string, Tensor> = {};
    // A result may be one of the variables' own tensors, which the store goes on owning.
    for (const [name, tensor] of Object.entries(result.outputs)) tensors[`output:${name}`] = tensor.clone();
    for (const [name, tensor] of Object.entries(result.updates ?? {})) tensors[`update:${bind(name)}`] = tensor.clone();
    for (const [name, { value, axis }] of Object.entries(result.appends ?? {})) {
      tensors[`update:${bind(name)}`] = overwrite(this.variable(bind(name)), value, axis, offset);
    }
    return tensors;
  }

  async write(variables: Readonly<Record<string, HostTensor>>): Promise<void> {
    checkVariables(variables);
    this.replace(
      this.on(() => Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toTensor(value)]))),
    );
  }

  async read(names: readonly string[]): Promise<Record<string, HostTensor>> {
    const entries = names.map(async (name) => [name, await copyHost(this.variable(name))] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.store.get(name)?.dispose();
      this.store.delete(name);
    }
  }

  async gather(names: readonly string[], indices: readonly number[]): Promise<void> {
    this.map(names, (tensor) => tf.gather(tensor, tf.tensor1d([...indices], 'int32')));
  }

  async grow(names: readonly string[], axis: number, length: number): Promise<void> {
    this.map(names, (tensor) =>
      tf.pad(
        tensor,
        tensor.shape.map((dim, i) => [0, i === axis ? length - dim : 0]),
      ),
    );
  }

  async dispose(): Promise<void> {
    await this.remove([...this.store.keys()]);
  }
}

/** A tensor with its own copy of the data: the caller's array may be reused for the next batch. */
function toTensor({ shape, data }: HostTensor): Tensor {
  return tf.tensor(data.slice(), [...shape], data instanceof Float32Array ? 'float32' : 'int32');
}

async function copyHost(tensor: Tensor): Promise<HostTensor> {
  const data = (await tensor.data()) as Float32Array | Int32Array;
  return { shape: tensor.shape, data: data.slice() };
}

async function takeHost(tensor: Tensor): Promise<HostTensor> {
  const host = await copyHost(tensor);
  tensor.dispose();
  return host;
}

/** `target` with `value` written over it along `axis`, from `offset` on. */
function overwrite(target: Tensor, value: Tensor, axis: number, offset: number): Tensor {
  const size = target.shape[axis] as number;
  const part = (from: number, length: number): Tensor[] => {
    const begin = target.shape.map((_dim, i) => (i === axis ? from : 0));
    const sizes = target.shape.map((dim, i) => (i === axis ? length : dim));
    return length > 0 ? [tf.slice(target, begin, sizes)] : [];
  };
  const end = offset + (value.shape[axis] as number);
  if (end > size) {
    throw new EngineError(
      `internal: cannot write [${value.shape}] at ${offset} along axis ${axis} of [${target.shape}]`,
    );
  }
  return tf.concat([...part(0, offset), value, ...part(end, size - end)], axis);
}
