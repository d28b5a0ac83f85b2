// The default engine: programs are traced, lowered to ONNX and run by onnxruntime-node in a worker thread.
import { Worker } from 'node:worker_threads';
import { EngineError } from '../../errors.js';
import { checkInputs, checkVariables } from '../check.js';
import type { CompileOptions, Engine, Executable, HostTensor, Patch, Program, RunOptions } from '../types.js';
import { lower } from './lower.js';
import type { Answer, Envelope, Request, SessionPlan } from './worker.js';

/** The worker's file: compiled, also when this module runs from its TypeScript source under a test runner. */
function workerFile(): URL {
  const here = import.meta.url;
  if (here.endsWith('.js')) return new URL('./worker.js', here);
  return new URL('../../../dist/src/engine/onnx/worker.js', here);
}

interface Pending {
  resolve(result: Record<string, HostTensor>): void;
  reject(error: Error): void;
}

/** Starts the worker and waits until onnxruntime is loaded in it. */
export async function createOnnxEngine(threads: number): Promise<Engine> {
  const engine = new OnnxEngine(threads);
  await engine.ready();
  return engine;
}

class OnnxEngine implements Engine {
  readonly name = 'onnxruntime';
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private nextSession = 0;
  private failure: EngineError | undefined;

  constructor(threads: number) {
    // The worker takes none of the process's own flags: some, such as --input-type, do not go with a file.
    this.worker = new Worker(workerFile(), { workerData: { threads }, execArgv: [] });
    this.worker.on('message', (answer: Answer) => this.settle(answer));
    this.worker.on('error', (error: Error) => this.fail(`onnxruntime stopped: ${error.message}`));
    this.worker.on('exit', () => this.fail('onnxruntime stopped'));
    // An idle engine must not keep the process alive.
    this.worker.unref();
  }

  ready(): Promise<unknown> {
    return this.ask({ kind: 'remove', names: [] });
  }

  private settle(answer: Answer): void {
    const pending = this.pending.get(answer.id);
    if (!pending) return;
    this.pending.delete(answer.id);
    if (this.pending.size === 0) this.worker.unref();
    if ('error' in answer) pending.reject(new EngineError(`onnxruntime: ${answer.error}`));
    else pending.resolve(answer.result);
  }

  private fail(message: string): void {
    this.failure ??= new EngineError(message);
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
  }

  private ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Record<string, HostTensor>> {
    return new Promise((resolve, reject) => {
      if (this.failure) {
        reject(this.failure);
        return;
      }
      const envelope: Envelope = { id: this.nextId++, request };
      try {
        this.worker.postMessage(envelope, transfer as ArrayBuffer[]);
      } catch (error) {
        // Node 24 refuses to transfer an array that is gone already; Node 20 sends it as an empty one.
        reject(new EngineError(`internal: the request ${request.kind} cannot be sent: ${(error as Error).message}`));
        return;
      }
      this.pending.set(envelope.id, { resolve, reject });
      this.worker.ref();
    });
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const bind = options.bind ?? ((name: string) => name);
    const lowered = lower(program, options.constants);
    const stored = (names: readonly string[], prefix: string) =>
      Object.fromEntries(names.map((name) => [prefix + name, bind(name)]));
    const plan: SessionPlan = {
      name: program.name,
      inputs: Object.keys(lowered.inputs),
      variables: stored(Object.keys(lowered.variables), 'variable:'),
      outputs: lowered.outputs,
      updates: stored(lowered.updates, 'update:'),
      inPlace: lowered.inPlace.map((name) => `update:${name}`),
      appends: Object.fromEntries(
        Object.entries(lowered.appends).map(([name, axis]) => [`append:${name}`, { variable: bind(name), axis }]),
      ),
    };
    const session = this.nextSession++;
    await this.ask({ kind: 'compile', session, model: lowered.model, plan }, [lowered.model.buffer as ArrayBuffer]);
    return {
      run: async (inputs, runOptions: RunOptions = {}) => {
        checkInputs(program, inputs);
        const { patches = [], offset = 0 } = runOptions;
        return this.ask({ kind: 'run', session, inputs, patches, offset }, patchBuffers(patches));
      },
      dispose: async () => {
        await this.ask({ kind: 'release', session });
      },
    };
  }

  async write(variables: Readonly<Record<string, HostTensor>>): Promise<void> {
    checkVariables(variables);
    const buffers = new Set(Object.values(variables).map(({ data }) => data.buffer as ArrayBuffer));
    await this.ask({ kind: 'write', variables: { ...variables } }, [...buffers]);
  }

  read(names: readonly string[]): Promise<Record<string, HostTensor>> {
    return this.ask({ kind: 'read', names });
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.ask({ kind: 'remove', names });
  }

  async gather(names: readonly string[], indices: readonly number[]): Promise<void> {
    await this.ask({ kind: 'gather', names, indices });
  }

  async grow(names: readonly string[], axis: number, length: number): Promise<void> {
    await this.ask({ kind: 'grow', names, axis, length });
  }

  async dispose(): Promise<void> {
    // Stopping the thread in the midst of a run would crash the process; requests are served in order.
    if (!this.failure) await this.ready().catch(() => undefined);
    this.failure = new EngineError('the engine has been disposed');
    await this.worker.terminate();
  }
}

/** Patches are made for one run, so their memory is handed over rather than copied. */
function patchBuffers(patches: readonly Patch[]): ArrayBuffer[] {
  return [...new Set(patches.map(({ data }) => data.buffer as ArrayBuffer))];
}
