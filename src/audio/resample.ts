// Changes the sample rate of audio by a ratio of whole numbers, with a windowed-sinc polyphase filter.

/** Stop-band rejection the window is designed for, and with it the ripple of the pass band (dB). */
const ATTENUATION = 95;

/** End of the pass band as a fraction of the lower of the two Nyquist frequencies, where the stop band begins. */
const PASS_BAND = 0.9;

/**
 * Phases beyond which a filter is not tabulated whole; rows between two of these are blended. Fewer do for a filter that is longer
 * because its cutoff is lower, as it is smoother by as much.
 */
const MOST_PHASES = 4096;

/** Input samples copied at a time: they stay in the processor's cache, and long audio needs no second copy of itself. */
const PIECE = 1 << 15;

/** Filters kept, the most recently used; a few per sample rate and speed are in use at a time. */
const MOST_FILTERS = 16;

interface Filter {
  /** Phases tabulated; row p is for outputs p / phases of an input sample after an input sample. */
  readonly phases: number;
  /** Coefficients of a row, an even number: half for the input samples up to the output's time, half for those after it. */
  readonly taps: number;
  /** `[phases + 1, taps]`. */
  readonly rows: Float64Array;
}

const filters = new Map<string, Filter>();

/** The modified Bessel function of the first kind and order zero. */
function bessel0(x: number): number {
  const quarter = (x * x) / 4;
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

/**
 * The filter for `up` outputs to `down` inputs: a low pass whose stop band begins at the lower Nyquist frequency, with a Kaiser
 * window of the width and shape that Kaiser's formulas give (A. V. Oppenheim, R. W. Schafer, "Discrete-Time Signal Processing").
 */
function designFilter(up: number, down: number): Filter {
  // In cycles an input sample.
  const stop = 0.5 * Math.min(1, up / down);
  const cutoff = (stop * (1 + PASS_BAND)) / 2;
  const transition = stop * (1 - PASS_BAND);
  const halfWidth = (ATTENUATION - 7.95) / (14.36 * transition) / 2;
  const beta = 0.1102 * (ATTENUATION - 8.7);
  const half = Math.ceil(halfWidth);
  const taps = 2 * half;
  const phases = Math.min(up, Math.ceil(MOST_PHASES * Math.min(1, up / down)));
  const rows = new Float64Array((phases + 1) * taps);
  for (let p = 0; p <= phases; p++) {
    const row = rows.subarray(p * taps, (p + 1) * taps);
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const time = p / phases + half - 1 - k;
      const edge = 1 - (time / halfWidth) ** 2;
      if (edge < 0) continue;
      const x = 2 * Math.PI * cutoff * time;
      const value = (x === 0 ? 1 : Math.sin(x) / x) * bessel0(beta * Math.sqrt(edge));
      row[k] = value;
      sum += value;
    }
    // Every phase passes a constant unchanged.
    for (let k = 0; k < taps; k++) row[k]! /= sum;
  }
  return { phases, taps, rows };
}

function filterFor(up: number, down: number): Filter {
  const key = `${up}/${down}`;
  const filter = filters.get(key) ?? designFilter(up, down);
  filters.delete(key);
  filters.set(key, filter);
  if (filters.size > MOST_FILTERS) filters.delete(filters.keys().next().value!);
  return filter;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/**
 * One output of each of four places in the input, by the same coefficients. Four sums and two steps at a time: half again as
 * fast as one step at a time.
 */
function fourProducts(row: Float64Array, input: Float64Array, at: number, step: number, out: Float64Array): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let t = 0; t < row.length; t += 2) {
    const w = row[t]!;
    const v = row[t + 1]!;
    const i = at + t;
    const j = i + step;
    const k = j + step;
    const l = k + step;
    a += w * input[i]! + v * input[i + 1]!;
    b += w * input[j]! + v * input[j + 1]!;
    c += w * input[k]! + v * input[k + 1]!;
    d += w * input[l]! + v * input[l + 1]!;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

function product(row: Float64Array, input: Float64Array, at: number): number {
  let sum = 0;
  for (let t = 0; t < row.length; t++) sum += row[t]! * input[at + t]!;
  return sum;
}

/** The row of phase p / up: as tabulated, or blended from the two next to it. */
function rowOf({ phases, taps, rows }: Filter, p: number, up: number): Float64Array {
  if (phases === up) return rows.subarray(p * taps, (p + 1) * taps);
  const place = (p * phases) / up;
  const below = Math.floor(place);
  const share = place - below;
  const row = new Float64Array(taps);
  for (let t = 0; t < taps; t++) {
    row[t] = rows[below * taps + t]! * (1 - share) + rows[(below + 1) * taps + t]! * share;
  }
  return row;
}

/**
 * Changes the sample rate of audio, without delay: output j stands at the time of input j · from / to. Audio is taken to be
 * silent before its beginning and after its end. The pass band reaches to 90 % of the lower of the two Nyquist frequencies and
 * is flat to within 0.0002 dB; from that Nyquist frequency on, images and aliases are at least 90 dB down.
 *
 * @param samples one channel
 * @param from Hz, or the terms of any ratio: `resample(samples, 9, 10)` slows down to 0.9 of the speed
 * @param to Hz
 * @returns ceil(n · to / from) samples; the samples themselves, not a copy, when the rates are equal
 * @throws RangeError when a rate is not a positive whole number
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  for (const rate of [from, to]) {
    if (Number.isSafeInteger(rate) && rate > 0) continue;
    throw new RangeError(`resample: expected rates that are positive whole numbers, found ${rate}`);
  }
  if (from === to) return samples;
  const divisor = greatestCommonDivisor(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const filter = filterFor(up, down);
  const { taps } = filter;
  const length = Math.ceil((samples.length * up) / down);
  const out = new Float32Array(length);
  const four = new Float64Array(4);
  // A cycle is `up` outputs, in which the place in the input moves by `down` and the phase comes round. Four go together.
  const cycles = 4 * Math.max(1, Math.floor(PIECE / (4 * down)));
  const input = new Float64Array(Math.min(samples.length, cycles * down) + taps + 1);
  for (let first = 0; first < length; first += cycles * up) {
    const start = (first / up) * down;
    copyPiece(samples, start - taps / 2 + 1, input);
    const last = Math.min(length, first + cycles * up);
    for (let r = 0; r < up && first + r < last; r++) {
      const row = rowOf(filter, (r * down) % up, up);
      let at = Math.floor((r * down) / up);
      let j = first + r;
      for (; j + 3 * up < last; j += 4 * up, at += 4 * down) {
        fourProducts(row, input, at, down, four);
        for (let q = 0; q < 4; q++) out[j + q * up] = four[q]!;
      }
      for (; j < last; j += up, at += down) out[j] = product(row, input, at);
    }
  }
  return out;
}

/** Copies samples from `start` on, with zeros for those that there are not. */
function copyPiece(samples: Float32Array, start: number, into: Float64Array): void {
  const from = Math.max(0, start);
  const to = Math.max(from, Math.min(samples.length, start + into.length));
  into.fill(0);
  into.set(samples.subarray(from, to), from - start);
}
