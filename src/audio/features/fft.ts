// Power spectra of real frames: PFFFT in WebAssembly, and Bluestein's algorithm on top of it for the sizes it has no plan for.
import createPlain from '@echogarden/pffft-wasm';
import createSimd from '@echogarden/pffft-wasm/simd';

/** The part of the WebAssembly module that is used. */
interface Pffft {
  readonly HEAPF32: Float32Array;
  _pffft_new_setup(size: number, kind: number): number;
  _pffft_aligned_malloc(bytes: number): number;
  _pffft_transform_ordered(setup: number, input: number, output: number, work: number, direction: number): void;
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
  /** Writes |X|² of bins 0 … size/2 (rounded down). @param power at least size/2 + 1 numbers */
  compute(power: Float32Array): void;
}

let loaded: Promise<Pffft> | undefined;

/** The module, instantiated once for a thread. */
function load(): Promise<Pffft> {
  const create = (make: unknown) => (make as () => Promise<Pffft>)();
  loaded ??= create(createSimd).catch(() => create(createPlain));
  return loaded;
}

/** Whether PFFFT has a plan: multiples of 32 (16 for complex numbers) of factors 2, 3 and 5. */
function isPlannable(size: number, multiple: number): boolean {
  let rest = size / multiple;
  if (!Number.isInteger(rest)) return false;
  for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor;
  return rest === 1;
}

/** Prepares power spectra of frames of `size` samples. */
export async function createPowerSpectrum(size: number): Promise<PowerSpectrum> {
  const fft = await load();
  return isPlannable(size, 32) ? planned(fft, size) : bluestein(fft, size);
}

/** `count` aligned numbers in the module's memory. The memory may move when more of it is asked for. */
function allocate(fft: Pffft, count: number): { at: number; view(): Float32Array } {
  const at = fft._pffft_aligned_malloc(4 * count);
  return { at, view: () => fft.HEAPF32.subarray(at / 4, at / 4 + count) };
}

function planned(fft: Pffft, size: number): PowerSpectrum {
  const setup = fft._pffft_new_setup(size, REAL);
  const [source, target, work] = [allocate(fft, size), allocate(fft, size), allocate(fft, size)];
  const input = new Float32Array(size);
  return {
    size,
    input,
    compute(power) {
      source.view().set(input);
      fft._pffft_transform_ordered(setup, source.at, target.at, work.at, FORWARD);
      const bins = target.view();
      const half = size / 2;
      power[0] = (bins[0] as number) ** 2;
      // The real highest bin stands in the place of the imaginary part of the lowest.
      power[half] = (bins[1] as number) ** 2;
      for (let k = 1; k < half; k++) {
        const re = bins[2 * k] as number;
        const im = bins[2 * k + 1] as number;
        power[k] = re * re + im * im;
      }
    },
  };
}

/** The transform of any size as a convolution with a chirp (Bluestein, 1970). */
function bluestein(fft: Pffft, size: number): PowerSpectrum {
  let length = 16;
  while (length < 2 * size - 1) length *= 2;
  const setup = fft._pffft_new_setup(length, COMPLEX);
  const [a, b, work] = [allocate(fft, 2 * length), allocate(fft, 2 * length), allocate(fft, 2 * length)];
  // chirp[n] = exp(−iπn²/size); n² modulo 2·size, so that the angle stays exact.
  const cosine = Float64Array.from({ length: size }, (_, n) => Math.cos((Math.PI * ((n * n) % (2 * size))) / size));
  const sine = Float64Array.from({ length: size }, (_, n) => -Math.sin((Math.PI * ((n * n) % (2 * size))) / size));
  const kernel = a.view().fill(0);
  for (let n = 0; n < size; n++) {
    for (const at of n === 0 ? [0] : [n, length - n]) {
      kernel[2 * at] = cosine[n] as number;
      kernel[2 * at + 1] = -(sine[n] as number);
    }
  }
  fft._pffft_transform_ordered(setup, a.at, b.at, work.at, FORWARD);
  const response = b.view().slice();
  const input = new Float32Array(size);
  return {
    size,
    input,
    compute(power) {
      const chirped = a.view().fill(0);
      for (let n = 0; n < size; n++) {
        chirped[2 * n] = (input[n] as number) * (cosine[n] as number);
        chirped[2 * n + 1] = (input[n] as number) * (sine[n] as number);
      }
      fft._pffft_transform_ordered(setup, a.at, b.at, work.at, FORWARD);
      const product = b.view();
      for (let k = 0; k < length; k++) {
        const [re, im] = [product[2 * k] as number, product[2 * k + 1] as number];
        const [hr, hi] = [response[2 * k] as number, response[2 * k + 1] as number];
        product[2 * k] = re * hr - im * hi;
        product[2 * k + 1] = re * hi + im * hr;
      }
      fft._pffft_transform_ordered(setup, b.at, a.at, work.at, BACKWARD);
      const result = a.view();
      // The last product with the chirp turns each number only, and leaves its power as it is.
      for (let k = 0; k <= size / 2; k++) {
        power[k] = ((result[2 * k] as number) ** 2 + (result[2 * k + 1] as number) ** 2) / (length * length);
      }
    },
  };
}
