// Transforms of real frames: PFFFT in WebAssembly, and Bluestein's algorithm on top of it for the sizes it has no plan for.
import createPlain from '@echogarden/pffft-wasm';
import createSimd from '@echogarden/pffft-wasm/simd';
import { isPlannable } from '../config.js';

/** The part of the WebAssembly module that is used. */
interface Pffft {
  readonly HEAPF32: Float32Array;
  _pffft_new_setup(size: number, kind: number): number;
  _pffft_aligned_malloc(bytes: number): number;
  _pffft_transform(setup: number, input: number, output: number, work: number, direction: number): void;
  _pffft_transform_ordered(setup: number, input: number, output: number, work: number, direction: number): void;
  _pffft_zreorder(setup: number, input: number, output: number, direction: number): void;
  _pffft_simd_size(): number;
}

const REAL = 0;
const COMPLEX = 1;
const FORWARD = 0;
const BACKWARD = 1;

/** Power spectra of frames of one size. */
export interface PowerSpectrum {
  readonly size: number;
  /** Where the frame is put; emptied by nothing but its next use. */
  readonly input: Float32Array;
  /** Writes |X|² of bins 0 … size/2 (rounded down), in single precision. @param power at least size/2 + 1 numbers */
  compute(power: Float32Array): void;
}

/** Transforms of real frames of one size there and back, in the memory of the module: nothing is copied. */
export interface RealTransform {
  readonly size: number;
  /**
   * So many real parts of a spectrum stand in a row, then the imaginary parts of the same bins, and so on; so the parts of slot
   * s stand `lanes` apart. Slot 0 holds the two real bins: the lowest, and the highest in the place of its imaginary part.
   */
  readonly lanes: number;
  /** The bin of each of the size/2 slots, in the order in which their real parts stand. */
  readonly bins: Int32Array;
  /** Where frames and spectra are now; they stay there until another transform or spectrum is created on this thread. */
  views(): { input: Float32Array; spectrum: Float32Array; output: Float32Array };
  /** `input` to `spectrum`. */
  forward(): void;
  /** `spectrum` to `output`, times `size`. */
  inverse(): void;
}

/** Writes the power spectrum of a frame. */
type Plan = (input: Float32Array, power: Float32Array) => void;

/** The module and what was planned in its memory, which is never given back: a plan serves all spectra of its size. */
interface Loaded {
  readonly fft: Pffft;
  readonly plans: Map<number, Plan>;
  readonly transforms: Map<number, RealTransform>;
}

let loaded: Promise<Loaded> | undefined;

/** The module, instantiated once for a thread; without SIMD where there is none. */
function load(): Promise<Loaded> {
  const create = (make: unknown) => (make as (module: object) => Promise<Pffft>)({ printErr: () => undefined });
  loaded ??= create(createSimd)
    .catch(() => create(createPlain))
    .then((fft) => ({ fft, plans: new Map(), transforms: new Map() }));
  return loaded;
}

/** Prepares power spectra of frames of `size` samples, 1 or more. */
export async function createPowerSpectrum(size: number): Promise<PowerSpectrum> {
  const { fft, plans } = await load();
  let plan = plans.get(size);
  if (!plan) {
    if (isPlannable(size, 32)) plan = realPlan(fft, size);
    else if (isPlannable(size, 16)) plan = complexPlan(fft, size);
    else plan = bluesteinPlan(fft, size);
    plans.set(size, plan);
  }
  const chosen = plan;
  const input = new Float32Array(size);
  return { size, input, compute: (power) => chosen(input, power) };
}

/**
 * Prepares transforms there and back of frames of `size` samples. All users of one size on a thread share their memory.
 * @param size one with `isPlannable(size, 32)`
 */
export async function createRealTransform(size: number): Promise<RealTransform> {
  const { fft, transforms } = await load();
  let found = transforms.get(size);
  if (!found) {
    found = planRealTransform(fft, size);
    transforms.set(size, found);
  }
  return found;
}

function planRealTransform(fft: Pffft, size: number): RealTransform {
  const setup = fft._pffft_new_setup(size, REAL);
  const blocks = [0, 1, 2, 3].map(() => allocate(fft, size));
  const [input, spectrum, output, work] = blocks as [Block, Block, Block, Block];
  // With SIMD the order of its own spares a reordering both ways; without, that order does not keep the parts of a bin together.
  const lanes = fft._pffft_simd_size() === 4 ? 4 : 1;
  const run = lanes === 4 ? fft._pffft_transform : fft._pffft_transform_ordered;
  input.view().set(Float32Array.from({ length: size }, (_, i) => i));
  if (lanes === 4) fft._pffft_zreorder(setup, input.at, spectrum.at, BACKWARD);
  else spectrum.view().set(input.view());
  const order = spectrum.view().slice();
  const bins = Int32Array.from({ length: size / 2 }, (_, slot) => {
    const at = 2 * slot - (slot % lanes);
    return (order[at] as number) / 2;
  });
  input.view().fill(0);
  return {
    size,
    lanes,
    bins,
    views: () => ({ input: input.view(), spectrum: spectrum.view(), output: output.view() }),
    forward: () => run(setup, input.at, spectrum.at, work.at, FORWARD),
    inverse: () => run(setup, spectrum.at, output.at, work.at, BACKWARD),
  };
}

/** Numbers in the module's memory. */
interface Block {
  readonly at: number;
  /** The numbers, wherever the memory is now: it moves when more of it is asked for. */
  view(): Float32Array;
}

function allocate(fft: Pffft, count: number): Block {
  const at = fft._pffft_aligned_malloc(4 * count);
  if (at === 0) throw new RangeError(`a transform of ${count} numbers finds no memory in WebAssembly; make it smaller`);
  let view = fft.HEAPF32.subarray(at / 4, at / 4 + count);
  return {
    at,
    view() {
      if (view.buffer !== fft.HEAPF32.buffer) view = fft.HEAPF32.subarray(at / 4, at / 4 + count);
      return view;
    },
  };
}

/** Transforms of `size` complex or real numbers from one block to another. */
function transform(fft: Pffft, size: number, kind: number) {
  const setup = fft._pffft_new_setup(size, kind);
  const count = kind === COMPLEX ? 2 * size : size;
  const [source, target, work] = [allocate(fft, count), allocate(fft, count), allocate(fft, count)];
  const run = (from: Block, to: Block, direction: number): void =>
    fft._pffft_transform_ordered(setup, from.at, to.at, work.at, direction);
  return { source, target, run };
}

function realPlan(fft: Pffft, size: number): Plan {
  const { source, target, run } = transform(fft, size, REAL);
  const half = size / 2;
  return (input, power) => {
    source.view().set(input);
    run(source, target, FORWARD);
    const bins = target.view();
    power[0] = (bins[0] as number) ** 2;
    // The real highest bin stands in the place of the imaginary part of the lowest.
    power[half] = (bins[1] as number) ** 2;
    for (let k = 1; k < half; k++) {
      const re = bins[2 * k] as number;
      const im = bins[2 * k + 1] as number;
      power[k] = re * re + im * im;
    }
  };
}

/** Multiples of 16, among them the 400 of Whisper, as complex numbers without an imaginary part. */
function complexPlan(fft: Pffft, size: number): Plan {
  const { source, target, run } = transform(fft, size, COMPLEX);
  source.view().fill(0);
  return (input, power) => {
    const numbers = source.view();
    for (let n = 0; n < size; n++) numbers[2 * n] = input[n] as number;
    run(source, target, FORWARD);
    const bins = target.view();
    for (let k = 0; k <= size / 2; k++) {
      const re = bins[2 * k] as number;
      const im = bins[2 * k + 1] as number;
      power[k] = re * re + im * im;
    }
  };
}

/** The transform of any size as a convolution with a chirp (Bluestein, 1970). */
function bluesteinPlan(fft: Pffft, size: number): Plan {
  let length = 16;
  while (length < 2 * size - 1) length *= 2;
  const { source, target, run } = transform(fft, length, COMPLEX);
  // chirp[n] = exp(−iπn²/size); n² modulo 2·size, so that the angle stays exact.
  const cosine = Float64Array.from({ length: size }, (_, n) => Math.cos((Math.PI * ((n * n) % (2 * size))) / size));
  const sine = Float64Array.from({ length: size }, (_, n) => -Math.sin((Math.PI * ((n * n) % (2 * size))) / size));
  const kernel = source.view().fill(0);
  for (let n = 0; n < size; n++) {
    for (const at of n === 0 ? [0] : [n, length - n]) {
      kernel[2 * at] = cosine[n] as number;
      kernel[2 * at + 1] = -(sine[n] as number);
    }
  }
  run(source, target, FORWARD);
  const response = target.view().slice();
  return (input, power) => {
    const chirped = source.view().fill(0);
    for (let n = 0; n < size; n++) {
      chirped[2 * n] = (input[n] as number) * (cosine[n] as number);
      chirped[2 * n + 1] = (input[n] as number) * (sine[n] as number);
    }
    run(source, target, FORWARD);
    const product = target.view();
    for (let k = 0; k < 2 * length; k += 2) {
      const re = product[k] as number;
      const im = product[k + 1] as number;
      const hr = response[k] as number;
      const hi = response[k + 1] as number;
      product[k] = re * hr - im * hi;
      product[k + 1] = re * hi + im * hr;
    }
    run(target, source, BACKWARD);
    const result = source.view();
    // The last product with the chirp turns each number only, and leaves its power as it is.
    for (let k = 0; k <= size / 2; k++) {
      power[k] = ((result[2 * k] as number) ** 2 + (result[2 * k + 1] as number) ** 2) / (length * length);
    }
  };
}
