// Loops over the first axis of tensors, with gradients: an ONNX Scan when traced, a JavaScript loop otherwise.
import { EngineError } from '../../errors.js';
import { add, mul, stack, sum, type Tensor, unstack, zerosLike } from '../ops.js';
import { isTracing, tf } from '../tfjs.js';

/** The states behind a step, and what the step puts out. */
export interface ScanResult {
  readonly states: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** One step of a loop. */
type Step = (states: readonly Tensor[], slices: readonly Tensor[], constants: readonly Tensor[]) => ScanResult;

/** A loop. */
export interface Scan {
  /** The states before the first step, float32; their shapes stay. */
  readonly initial: readonly Tensor[];
  /** At least one, each `[T, …]`; step t sees slice t, `[…]`. */
  readonly sequences: readonly Tensor[];
  /** Seen whole by every step. */
  readonly constants?: readonly Tensor[];
  /** From the last slice to the first; outputs keep the places of their slices. */
  readonly reverse?: boolean;
  /**
   * A pure function in operations of `ops.ts`. A tensor that a gradient is to reach, or that is needed when gradients are
   * computed, must come in by `initial`, `sequences` or `constants`, not by closure.
   */
  readonly step: Step;
}

/**
 * Runs a step over the slices of sequences, handing states on (as JAX's `lax.scan`). Gradients flow to initial states and
 * to sequences and constants of float32: the backward pass is a loop the other way, over the states that were saved, whose
 * step is the vector-Jacobian product of this one.
 * @returns the states behind the last step, and the outputs of all steps `[T, …]`
 * @throws EngineError when sequences differ in length, or a step changes the shape of a state.
 */
export function scan(loop: Scan): ScanResult {
  const { initial, sequences, constants = [] } = loop;
  checkLoop(loop);
  const given = [...initial, ...sequences, ...constants];
  const { gradientDepth, kernelDepth } = tf.engine().state;
  // The states before each step are put out only where a gradient may ask for them: not inside of an operation that has its own.
  const isRecorded = gradientDepth > 0 && kernelDepth === 0;
  const forward = (_backend: unknown, save: (tensors: Tensor[]) => void): Tensor[] => {
    const step: Step = (states, slices, fixed) => {
      const { states: next, outputs } = loop.step(states, slices, fixed);
      return { states: next, outputs: isRecorded ? [...outputs, ...states] : outputs };
    };
    const { states, outputs } = run({ ...loop, step });
    const count = outputs.length - (isRecorded ? initial.length : 0);
    save([...outputs.slice(count), ...sequences, ...constants]);
    return [...states, ...outputs.slice(0, count)];
  };
  const backward = (dy: Tensor | Tensor[], saved: Tensor[]): Record<number, () => Tensor> => {
    const gradients = gradientsOf(loop, Array.isArray(dy) ? dy : [dy], saved);
    return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));
  };
  const results = withGradient(forward, backward, given);
  return { states: results.slice(0, initial.length), outputs: results.slice(initial.length) };
}

/**
 * Gradients of a loop with respect to its initial states, sequences and constants.
 * @param dy of the last states, then of the outputs
 * @param saved the states before each step `[T, …]`, the sequences, the constants
 */
function gradientsOf(loop: Scan, dy: readonly Tensor[], saved: readonly Tensor[]): Tensor[] {
  const count = loop.initial.length;
  const last = count + loop.sequences.length;
  const [sequences, constants] = [saved.slice(count, last), saved.slice(last)];
  const sums = constants.filter(isFloat);
  const { states, outputs } = run({
    initial: [...dy.slice(0, count), ...sums.map((constant) => zerosLike(constant))],
    sequences: [...saved.slice(0, last), ...dy.slice(count)],
    constants,
    reverse: !loop.reverse,
    step: (gradients, slices, fixed) => {
      const [before, at, dOutputs] = [slices.slice(0, count), slices.slice(count, last), slices.slice(last)];
      const [wanted, weights] = [at.filter(isFloat), fixed.filter(isFloat)];
      const found = pullBack(
        () => {
          const result = loop.step(before, at, fixed);
          return [...result.states, ...result.outputs];
        },
        [...before, ...wanted, ...weights],
        [...gradients.slice(0, count), ...dOutputs],
      );
      const rest = found.splice(count);
      const total = gradients.slice(count).map((so, i) => add(so, rest[wanted.length + i] as Tensor));
      return { states: [...found, ...total], outputs: rest.slice(0, wanted.length) };
    },
  });
  return [...states.slice(0, count), ...scatter(sequences, outputs), ...scatter(constants, states.slice(count))];
}

/** The gradients of those that have one, zeros for the others. */
function scatter(tensors: readonly Tensor[], gradients: readonly Tensor[]): Tensor[] {
  const rest = [...gradients];
  return tensors.map((tensor) => (isFloat(tensor) ? (rest.shift() as Tensor) : tf.zeros(tensor.shape)));
}

const isFloat = ({ dtype }: Tensor): boolean => dtype === 'float32';

/** Vector-Jacobian product: the gradients of `Σ dy · f` with respect to `xs`. */
function pullBack(f: () => readonly Tensor[], xs: readonly Tensor[], dy: readonly Tensor[]): Tensor[] {
  const engine = tf.engine();
  // tfjs ends every gradient by forgetting its tape, but here another gradient is under way, which still needs its own.
  const { activeTape } = engine.state;
  const product = () =>
    f()
      .map((y, i) => sum(mul(y, dy[i] as Tensor)))
      .reduce((total, term) => add(total, term));
  const { grads } = engine.gradients(product, [...xs], undefined, true);
  engine.state.activeTape = activeTape;
  return xs.map((x, i) => grads[i] ?? zerosLike(x));
}

/** The loop without gradients. */
function run(loop: Scan): ScanResult {
  return isTracing() ? record(loop) : iterate(loop);
}

function record({ initial, sequences, constants = [], reverse = false, step }: Scan): ScanResult {
  const count = initial.length;
  const inputs = Object.fromEntries([...initial, ...sequences].entries());
  const given = tf.engine().runKernel('S2sScanOpen', inputs, { states: count }) as Tensor[];
  const { states, outputs } = step(given.slice(0, count), given.slice(count), constants);
  checkStates(initial, states);
  const made = Object.fromEntries([...states, ...outputs].entries());
  const results = tf.engine().runKernel('S2sScanClose', made, { reverse }) as Tensor[];
  return { states: results.slice(0, count), outputs: results.slice(count) };
}

function iterate({ initial, sequences, constants = [], reverse = false, step }: Scan): ScanResult {
  const slices = sequences.map((sequence) => unstack(sequence));
  const length = (slices[0] as Tensor[]).length;
  let states = initial;
  const outputs: Tensor[][] = [];
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const at = slices.map((list) => list[t] as Tensor);
    const next = tf.tidy(() => {
      const result = step(states, at, constants);
      return { states: [...result.states], outputs: [...result.outputs] };
    });
    checkStates(initial, next.states);
    states = next.states;
    next.outputs.forEach((output, k) => {
      outputs[k] ??= new Array<Tensor>(length);
      outputs[k][t] = output;
    });
  }
  return { states, outputs: outputs.map((list) => stack(list)) };
}

function checkLoop({ initial, sequences }: Scan): void {
  const lengths = sequences.map(({ shape }) => shape[0]);
  if (lengths.length === 0 || lengths.some((length) => length === undefined || length !== lengths[0])) {
    throw new EngineError(`internal: scan needs sequences of one length, but they have [${lengths}]`);
  }
  const other = initial.find((state) => !isFloat(state));
  if (other) throw new EngineError(`internal: the states of scan are float32, but one is ${other.dtype}`);
}

function checkStates(initial: readonly Tensor[], states: readonly Tensor[]): void {
  const shapes = (list: readonly Tensor[]) => list.map(({ shape, dtype }) => `${dtype} [${shape}]`).join(', ');
  if (shapes(initial) === shapes(states)) return;
  throw new EngineError(`internal: a step of scan turned states ${shapes(initial)} into ${shapes(states)}`);
}

/** What tfjs's `customGrad` is made of; that itself allows one result only. */
interface GradientRunner {
  runKernelFunc(call: {
    readonly forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor[];
    readonly backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<number, () => Tensor>;
    readonly inputs: Readonly<Record<number, Tensor>>;
  }): Tensor[];
}

function withGradient(
  forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor[],
  backwardsFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => Record<number, () => Tensor>,
  inputs: readonly Tensor[],
): Tensor[] {
  const engine = tf.engine() as unknown as GradientRunner;
  return engine.runKernelFunc({ forwardFunc, backwardsFunc, inputs: Object.fromEntries(inputs.entries()) });
}
