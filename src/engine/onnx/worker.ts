// The worker thread that owns the variables and the onnxruntime sessions, so that the main thread stays responsive.
import { parentPort, workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DType, HostTensor, Patch } from '../types.js';
import { appendTo, gatherRows, growAxis } from './store.js';

/** What the main thread may ask for. */
export type Request =
  | { kind: 'compile'; session: number; model: Uint8Array; plan: SessionPlan }
  | { kind: 'run'; session: number; inputs: Record<string, HostTensor>; patches: readonly Patch[]; offset: number }
  | { kind: 'release'; session: number }
  | { kind: 'write'; variables: Record<string, HostTensor> }
  | { kind: 'read'; names: readonly string[] }
  | { kind: 'remove'; names: readonly string[] }
  | { kind: 'gather'; names: readonly string[]; indices: readonly number[] }
  | { kind: 'grow'; names: readonly string[]; axis: number; length: number };

/** How a session's inputs and outputs relate to variables; all names are names in the store. */
export interface SessionPlan {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Graph input → stored variable. */
  readonly variables: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  /** Graph output → stored variable. */
  readonly updates: Readonly<Record<string, string>>;
  /** Graph outputs among them that may be written into the variable's own array. */
  readonly inPlace: readonly string[];
  readonly appends: Readonly<Record<string, { readonly variable: string; readonly axis: number }>>;
}

/** A request with the number its answer carries. */
export interface Envelope {
  readonly id: number;
  readonly request: Request;
}

/** The answer to a request. */
export type Answer =
  | { readonly id: number; readonly result: Record<string, HostTensor> }
  | { readonly id: number; readonly error: string };

const { threads } = workerData as { threads: number };
const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread');
const ort = await import('onnxruntime-node');

const store = new Map<string, HostTensor>();
const sessions = new Map<number, { session: InferenceSession; plan: SessionPlan }>();

const dtypeOf = (tensor: HostTensor): DType => (tensor.data instanceof Float32Array ? 'float32' : 'int32');
const toOrt = (tensor: HostTensor): Tensor =>
  new ort.Tensor(dtypeOf(tensor), tensor.data as Float32Array, tensor.shape as number[]);
const fromOrt = (tensor: Tensor): HostTensor => ({
  shape: tensor.dims,
  data: tensor.data as Float32Array | Int32Array,
});

function variable(name: string): HostTensor {
  const found = store.get(name);
  if (!found) throw new Error(`variable ${name} does not exist`);
  return found;
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

async function compile(number: number, model: Uint8Array, plan: SessionPlan): Promise<void> {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Planned memory patterns cost hundreds of MB on large graphs and bring no speed.
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
  sessions.set(number, { session, plan });
}

/** Runs a session. Where the plan allows it, variables are updated in place: the output tensor wraps the variable's own array. */
async function run(
  number: number,
  inputs: Record<string, HostTensor>,
  patches: readonly Patch[],
  offset: number,
): Promise<Record<string, HostTensor>> {
  const known = sessions.get(number);
  if (!known) throw new Error(`session ${number} does not exist`);
  const { session, plan } = known;
  for (const patch of patches) (variable(patch.variable).data as Float32Array).set(patch.data, patch.offset);
  const feeds: Record<string, Tensor> = {};
  for (const name of plan.inputs) feeds[name] = toOrt(inputs[name] as HostTensor);
  for (const [input, name] of Object.entries(plan.variables)) feeds[input] = toOrt(variable(name));
  const fetches: Record<string, Tensor | null> = {};
  for (const name of plan.outputs) fetches[`output:${name}`] = null;
  for (const name of Object.keys(plan.appends)) fetches[name] = null;
  const inPlace = new Map<string, HostTensor>();
  for (const [output, name] of Object.entries(plan.updates)) {
    const present = store.get(name);
    const shape = session.outputMetadata.find((meta) => meta.name === output);
    if (
      present &&
      plan.inPlace.includes(output) &&
      shape?.isTensor &&
      sameShape(shape.shape as number[], present.shape)
    ) {
      fetches[output] = toOrt(present);
      inPlace.set(output, present);
    } else {
      fetches[output] = null;
    }
  }
  const results = await session.run(feeds, fetches as InferenceSession.NullableOnnxValueMapType);
  for (const [output, name] of Object.entries(plan.updates)) {
    if (!inPlace.has(output)) store.set(name, fromOrt(results[output] as Tensor));
  }
  for (const [output, { variable: name, axis }] of Object.entries(plan.appends)) {
    appendTo(variable(name), fromOrt(results[output] as Tensor), axis, offset);
  }
  return Object.fromEntries(plan.outputs.map((name) => [name, fromOrt(results[`output:${name}`] as Tensor)]));
}

async function serve(request: Request): Promise<Record<string, HostTensor>> {
  switch (request.kind) {
    case 'compile':
      await compile(request.session, request.model, request.plan);
      return {};
    case 'run':
      return run(request.session, request.inputs, request.patches, request.offset);
    case 'release':
      await sessions.get(request.session)?.session.release();
      sessions.delete(request.session);
      return {};
    case 'write':
      for (const [name, tensor] of Object.entries(request.variables)) store.set(name, tensor);
      return {};
    case 'read':
      return Object.fromEntries(
        request.names.map((name) => [name, { shape: variable(name).shape, data: variable(name).data.slice() }]),
      );
    case 'remove':
      for (const name of request.names) store.delete(name);
      return {};
    case 'gather':
      for (const name of request.names) store.set(name, gatherRows(variable(name), request.indices));
      return {};
    case 'grow':
      for (const name of request.names) store.set(name, growAxis(variable(name), request.axis, request.length));
      return {};
  }
}

// A request that cannot be read could never be answered: end the worker, so that whoever waits learns of it.
port.on('messageerror', (error: Error) => {
  throw error;
});

// Requests are served one after another: sessions share the variables.
let queue: Promise<void> = Promise.resolve();
port.on('message', ({ id, request }: Envelope) => {
  queue = queue.then(async () => {
    try {
      const result = await serve(request);
      const answer: Answer = { id, result };
      port.postMessage(
        answer,
        Object.values(result).map((tensor) => tensor.data.buffer as ArrayBuffer),
      );
    } catch (error) {
      const answer: Answer = { id, error: error instanceof Error ? error.message : String(error) };
      port.postMessage(answer);
    }
  });
});
