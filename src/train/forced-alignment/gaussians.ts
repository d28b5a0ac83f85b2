// What each state of each token sounds like: a Gaussian of independent numbers.

/** Observations that the whole corpus's Gaussian counts for in that of each state, which keeps rare tokens sensible. */
const PRIOR = 20;

/** No variance is less than this share of the whole corpus's. */
const FLOOR = 0.05;

/** A Gaussian of independent numbers for each of a number of classes. */
export class Gaussians {
  /** @param means `[C, W]` @param precisions 1 / variance, `[C, W]` @param constants of the log-density, `[C]` */
  private constructor(
    readonly width: number,
    private readonly means: Float64Array,
    private readonly precisions: Float64Array,
    private readonly constants: Float64Array,
  ) {}

  /** The most likely Gaussians, with a prior and a floor by the observations of all classes together. */
  static estimated({ classes, width, counts, sums, squares }: Statistics): Gaussians {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const whole = { mean: new Float64Array(width), variance: new Float64Array(width) };
    for (let k = 0; k < width; k++) {
      let [sum, square] = [0, 0];
      for (let c = 0; c < classes; c++) {
        sum += sums[c * width + k] as number;
        square += squares[c * width + k] as number;
      }
      whole.mean[k] = sum / total;
      // A number that never changes says nothing.
      whole.variance[k] = Math.max(square / total - (sum / total) ** 2, 1e-8);
    }
    const means = new Float64Array(classes * width);
    const precisions = new Float64Array(classes * width);
    const constants = new Float64Array(classes);
    for (let c = 0; c < classes; c++) {
      const count = (counts[c] as number) + PRIOR;
      let logs = 0;
      for (let k = 0; k < width; k++) {
        const i = c * width + k;
        const [mean, variance] = [whole.mean[k] as number, whole.variance[k] as number];
        const own = ((sums[i] as number) + PRIOR * mean) / count;
        const square = ((squares[i] as number) + PRIOR * (variance + mean ** 2)) / count;
        const spread = Math.max(square - own ** 2, FLOOR * variance);
        means[i] = own;
        precisions[i] = 1 / spread;
        logs += Math.log(spread);
      }
      constants[c] = -0.5 * (logs + width * Math.log(2 * Math.PI));
    }
    return new Gaussians(width, means, precisions, constants);
  }

  /** Log-density of an observation in a class. @param observations `[T, W]` */
  logDensity(observations: Float32Array, t: number, c: number): number {
    const { width, means, precisions } = this;
    const [from, own] = [t * width, c * width];
    let distance = 0;
    for (let k = 0; k < width; k++) {
      const difference = (observations[from + k] as number) - (means[own + k] as number);
      distance += difference * difference * (precisions[own + k] as number);
    }
    return (this.constants[c] as number) - 0.5 * distance;
  }
}

/** Sums over the observations of each class. */
export class Statistics {
  readonly counts: Float64Array;
  /** `[C, W]` */
  readonly sums: Float64Array;
  readonly squares: Float64Array;

  constructor(
    readonly classes: number,
    readonly width: number,
  ) {
    this.counts = new Float64Array(classes);
    this.sums = new Float64Array(classes * width);
    this.squares = new Float64Array(classes * width);
  }

  /** @param observations `[T, W]` */
  add(observations: Float32Array, t: number, c: number): void {
    const { width, sums, squares } = this;
    this.counts[c] = (this.counts[c] as number) + 1;
    for (let k = 0; k < width; k++) {
      const value = observations[t * width + k] as number;
      sums[c * width + k] = (sums[c * width + k] as number) + value;
      squares[c * width + k] = (squares[c * width + k] as number) + value * value;
    }
  }
}
