// The recording tfjs backend: running a program on it yields a graph instead of numbers.
import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { EngineError } from '../../errors.js';
import { TRACE_BACKEND, tf } from '../tfjs.js';
import { type Dim, type Program, sizeOf, type TensorSpec } from '../types.js';
import { type ConstantData, Graph, type GraphType, type Value } from './graph.js';
import { RECORDERS } from './kernels.js';
import { closeScan, type OpenScan, openScan } from './scan.js';

/** Holds graph values where other backends hold numbers. */
class TraceBackend extends tf.KernelBackend {
  graph = new Graph();
  /** Loops whose step is being recorded, the innermost last. */
  readonly scans: OpenScan[] = [];
  private values = new WeakMap<object, Value>();

  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override numDataIds(): number {
    return 0;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  decRef(): void {}
  override disposeData(): boolean {
    return true;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override dispose(): void {}

  /** Gives a graph value a tfjs identity. */
  bind(value: Value): TensorInfo {
    const dataId: DataId = {};
    this.values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: value.dtype as DataType };
  }

  lookUp(tensor: { dataId: DataId }): Value {
    const value = this.values.get(tensor.dataId);
    if (!value) throw new EngineError('internal: a tensor of another backend reached a trace');
    return value;
  }

  override write(values: unknown, shape: number[], dtype: DataType): DataId {
    const dataId: DataId = {};
    this.move(dataId, values as number[], shape, dtype);
    return dataId;
  }

  override move(dataId: DataId, values: unknown, shape: number[], dtype: DataType): void {
    const list = values as number[];
    const data: ConstantData =
      dtype === 'float32' ? Float32Array.from(list) : dtype === 'bool' ? Uint8Array.from(list) : Int32Array.from(list);
    this.values.set(dataId, this.graph.constant(data, shape, dtype as GraphType));
  }

  override readSync(dataId: DataId): Float32Array {
    const value = this.lookUp({ dataId });
    if (value.constant && value.dtype !== 'int64') return Float32Array.from(value.constant as Float32Array);
    if (value.splat !== undefined) return new Float32Array(sizeOf(value.shape)).fill(value.splat);
    throw new EngineError('internal: a program read the numbers of a traced tensor; they exist only when it runs');
  }

  override async read(dataId: DataId): Promise<Float32Array> {
    return this.readSync(dataId);
  }

  /** A tensor that stands for a graph input. */
  placeholder(name: string, shape: number[], dtype: 'float32' | 'int32') {
    const { dataId } = this.bind(this.graph.input(name, shape, dtype));
    return tf.engine().makeTensorFromDataId(dataId, shape, dtype, this);
  }
}

/** Registers the backend and its kernels once for the process, and returns the backend. */
function traceBackend(): TraceBackend {
  const known = tf.findBackend(TRACE_BACKEND);
  if (known) return known as TraceBackend;
  const backend = new TraceBackend();
  tf.registerBackend(TRACE_BACKEND, () => backend, 0);
  for (const [kernelName, record] of Object.entries(RECORDERS)) {
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const values: Record<string, Value> = {};
        for (const [name, tensor] of Object.entries(inputs)) {
          if (tensor) values[name] = backend.lookUp(tensor as TensorInfo);
        }
        const result = record(backend.graph, values, attrs ?? {});
        return Array.isArray(result)
          ? result.map((value: Value) => backend.bind(value))
          : backend.bind(result as Value);
      },
    });
  }
  registerScan(backend);
  return backend;
}

/** The kernels around the step of a loop: whatever is recorded between them goes into its body. */
function registerScan(backend: TraceBackend): void {
  const listOf = (inputs: object): Value[] =>
    Object.values(inputs as Record<string, TensorInfo>).map((tensor) => backend.lookUp(tensor));
  tf.registerKernel({
    kernelName: 'S2sScanOpen',
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const open = openScan(backend.graph, listOf(inputs), Number(attrs?.states));
      backend.scans.push(open);
      backend.graph = open.body;
      return open.placeholders.map((value) => backend.bind(value));
    },
  });
  tf.registerKernel({
    kernelName: 'S2sScanClose',
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const open = backend.scans.pop() as OpenScan;
      backend.graph = open.outer;
      return closeScan(open, listOf(inputs), Boolean(attrs?.reverse)).map((value) => backend.bind(value));
    },
  });
}

/** One recorded run of a program. */
export interface Trace {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly updates: Readonly<Record<string, Value>>;
  readonly appends: Readonly<Record<string, { readonly value: Value; readonly axis: number }>>;
}

/**
 * Records a program at one size of each symbolic dimension.
 * Inputs keep their names in the graph, variables are prefixed with `variable:`.
 */
export function trace(program: Program, sizes: Readonly<Record<string, number>>): Trace {
  const backend = traceBackend();
  const before = tf.getBackend();
  tf.setBackend(TRACE_BACKEND);
  backend.graph = new Graph();
  backend.scans.length = 0;
  const { graph } = backend;
  const size = (dim: Dim): number => (typeof dim === 'number' ? dim : (sizes[dim] as number));
  const placeholders = (specs: Readonly<Record<string, TensorSpec>>, prefix: string) =>
    Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        backend.placeholder(prefix + name, spec.shape.map(size), spec.dtype),
      ]),
    );
  tf.engine().startScope();
  try {
    const result = program.body(placeholders(program.variables, 'variable:'), placeholders(program.inputs, ''));
    const values = (tensors: Readonly<Record<string, TensorInfo>> = {}) =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, graph.full(backend.lookUp(tensor))]));
    const appends = Object.entries(result.appends ?? {}).map(
      ([name, { value, axis }]) => [name, { value: graph.full(backend.lookUp(value)), axis }] as const,
    );
    return {
      graph,
      outputs: values(result.outputs),
      updates: values(result.updates),
      appends: Object.fromEntries(appends),
    };
  } finally {
    tf.engine().endScope();
    if (before) tf.setBackend(before);
  }
}
