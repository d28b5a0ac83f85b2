// Dynamic time warping: the cheapest way to walk through two sequences of vectors together.
import { DataError } from '../../errors.js';

/** Pairs of frames from the first of both sequences to the last of both: pair i is frame `a[i]` with frame `b[i]`. */
export interface WarpingPath {
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** A path and the sum of the distances along it. */
export interface Warping {
  readonly path: WarpingPath;
  readonly cost: number;
}

/** A back pointer is a byte: this is a gigabyte of them, six minutes of sound with six minutes at 86 frames a second. */
const MOST_CELLS = 2 ** 30;

const DIAGONAL = 0;
const ALONG_B = 1;
const ALONG_A = 2;

/**
 * The path of least cost from the first frames of `a` and `b` to their last ones in steps of one frame in both, in `a` or in `b`;
 * each pair costs its Euclidean distance, and all steps weigh the same. Of paths that cost the same it takes, seen from the end,
 * the step in both before that in `b` before that in `a`. Path and cost are those of `librosa.sequence.dtw` with its defaults
 * (M. Müller, "Fundamentals of Music Processing", 2015), which lists the path from its end.
 *
 * Takes N·M·dim operations and a byte of memory for each of the N·M pairs.
 *
 * @param a `[N, dim]`, row after row
 * @param b `[M, dim]`, row after row
 * @param dim numbers a frame
 * @throws RangeError when `dim` does not divide the lengths; DataError when a sequence has no frame, when they hold numbers that
 *   are not finite, or when there are more than 2³⁰ pairs
 */
export function dynamicTimeWarping(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): Warping {
  const rows = framesOf(a, dim, 'a');
  const columns = framesOf(b, dim, 'b');
  if (rows * columns > MOST_CELLS) {
    throw new DataError(
      `dynamicTimeWarping: expected at most ${MOST_CELLS} pairs of frames, found ${rows} × ${columns}; compare shorter pieces`,
    );
  }
  // Double precision once, so that the inner loop converts nothing; four columns are computed together.
  const padded = 4 * Math.ceil(columns / 4);
  const right = new Float64Array(padded * dim);
  right.set(b);
  const distances = new Float64Array(padded);
  const frame = new Float64Array(dim);
  const steps = new Uint8Array(rows * columns);
  // costs[j + 1]: of the row before in place j, until this row's is written there.
  const costs = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < dim; k++) frame[k] = a[i * dim + k] as number;
    writeDistances(frame, right, distances);
    let diagonal = i === 0 ? 0 : Number.POSITIVE_INFINITY;
    let before = Number.POSITIVE_INFINITY;
    for (let j = 0; j < columns; j++) {
      const distance = distances[j] as number;
      const above = costs[j + 1] as number;
      let best = diagonal + distance;
      let step = DIAGONAL;
      // Sums are compared, not what is summed: so rounding makes the same ties as in librosa.
      if (before + distance < best) {
        best = before + distance;
        step = ALONG_B;
      }
      if (above + distance < best) {
        best = above + distance;
        step = ALONG_A;
      }
      steps[i * columns + j] = step;
      costs[j + 1] = best;
      before = best;
      diagonal = above;
    }
  }
  return { path: walkBack(steps, rows, columns), cost: costs[columns] as number };
}

/** Writes the distances of a frame to all those of a sequence, a multiple of four: so many sums do not wait for one another. */
function writeDistances(frame: Float64Array, sequence: Float64Array, out: Float64Array): void {
  const dim = frame.length;
  for (let j = 0; j < out.length; j += 4) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let k = 0, at = j * dim; k < dim; k++, at++) {
      const value = frame[k] as number;
      const difference0 = value - (sequence[at] as number);
      const difference1 = value - (sequence[at + dim] as number);
      const difference2 = value - (sequence[at + 2 * dim] as number);
      const difference3 = value - (sequence[at + 3 * dim] as number);
      sum0 += difference0 * difference0;
      sum1 += difference1 * difference1;
      sum2 += difference2 * difference2;
      sum3 += difference3 * difference3;
    }
    out[j] = Math.sqrt(sum0);
    out[j + 1] = Math.sqrt(sum1);
    out[j + 2] = Math.sqrt(sum2);
    out[j + 3] = Math.sqrt(sum3);
  }
}

/** The path that pairs frame i of two sequences of `frames` frames with frame i. */
export function identityPath(frames: number): WarpingPath {
  const a = Int32Array.from({ length: frames }, (_, i) => i);
  return { a, b: a };
}

function framesOf(sequence: ArrayLike<number>, dim: number, name: string): number {
  const frames = sequence.length / dim;
  if (!(Number.isInteger(dim) && dim >= 1 && Number.isInteger(frames))) {
    throw new RangeError(
      `dynamicTimeWarping: expected ${name} to be a number of frames of dim numbers, found ${sequence.length} numbers and dim ${dim}`,
    );
  }
  if (frames === 0) {
    throw new DataError(
      `dynamicTimeWarping: expected at least one frame in ${name}, found none; leave empty sounds out`,
    );
  }
  for (let i = 0; i < sequence.length; i++) {
    if (!Number.isFinite(sequence[i])) {
      throw new DataError(
        `dynamicTimeWarping: expected finite numbers in ${name}, found ${sequence[i]} in frame ${Math.floor(i / dim)}; look at what made it`,
      );
    }
  }
  return frames;
}

function walkBack(steps: Uint8Array, rows: number, columns: number): WarpingPath {
  const a = new Int32Array(rows + columns - 1);
  const b = new Int32Array(rows + columns - 1);
  let at = a.length;
  let [i, j] = [rows - 1, columns - 1];
  for (;;) {
    at -= 1;
    a[at] = i;
    b[at] = j;
    if (i === 0 && j === 0) return { a: a.slice(at), b: b.slice(at) };
    const step = steps[i * columns + j];
    if (step !== ALONG_B) i -= 1;
    if (step !== ALONG_A) j -= 1;
  }
}
