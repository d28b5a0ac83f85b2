// Paired significance tests: whether systems differ from a baseline by more than chance would have it.
import type { Confidence } from './format.js';
import type { Metric, Reference, Signatures } from './metric.js';
import { PCG64 } from './pcg64.js';
import {
  BOOTSTRAP_SAMPLES,
  checkCount,
  interval,
  mean,
  narrow,
  resample,
  type SamplingOptions,
  type Scored,
  SEED,
  testFields,
} from './significance-sample.js';
import { corpusSums, segmentStatistics } from './significance-segments.js';

/** What a system wrote, one text a segment. */
export interface System {
  readonly name: string;
  readonly hypotheses: readonly string[];
}

/** How systems are shuffled. */
export interface RandomizationOptions extends SamplingOptions {
  /** Corpora drawn for a mean and an interval beside each score; 0 unless told. */
  confidenceSamples?: number;
}

/** A system's score under a metric, compared with the baseline's. */
export interface TestedScore {
  readonly score: number;
  /** How likely a difference as large as that to the baseline is by chance; not for the baseline itself. */
  readonly pValue: number | undefined;
  /** Of the drawn corpora's scores, if corpora were drawn. */
  readonly confidence: Confidence | undefined;
  /** As in {@link Score.warnings}. */
  readonly warnings: readonly string[];
}

/** All systems under one metric. */
export interface TestedMetric extends Signatures {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** In the order of the systems, the baseline first. */
  readonly scores: readonly TestedScore[];
}

/** The outcome of a paired test. */
export interface PairedTest {
  /** `bs`: bootstrap resampling; `ar`: approximate randomization. */
  readonly test: 'bs' | 'ar';
  readonly samples: number;
  readonly seed: number;
  /** Names, the baseline's first. */
  readonly systems: readonly string[];
  readonly metrics: readonly TestedMetric[];
}

/** sacreBLEU's. */
const RANDOMIZATION_SAMPLES = 10000;

function checkDistinct(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`${what}: expected different names, found ${twice} twice`);
}

/** The systems' statistics, one row a metric. */
function gather(
  systems: readonly System[],
  references: readonly (readonly Reference[])[],
  metrics: readonly Metric[],
): { names: string[]; segments: number; rows: Scored[][] } {
  if (systems.length < 2) {
    throw new RangeError(`systems: expected a baseline and at least one other, found ${systems.length}`);
  }
  if (metrics.length === 0) throw new RangeError('metrics: expected at least one, found none');
  const names = systems.map(({ name }) => name);
  checkDistinct('systems', names);
  checkDistinct(
    'metrics',
    metrics.map(({ name }) => name),
  );
  const rows = metrics.map((metric) =>
    systems.map(({ hypotheses }) => ({ metric, statistics: segmentStatistics(metric, hypotheses, references) })),
  );
  return { names, segments: systems[0]!.hypotheses.length, rows };
}

/** The p-value when `extreme` of the drawn differences exceed the real one; the real one counts as drawn too. */
const pValue = (extreme: number, samples: number) => (extreme + 1) / (samples + 1);

/** Score and warnings of the whole corpus. */
const plainScore = ({ metric, statistics }: Scored) => metric.resultOf(corpusSums(statistics), statistics.references);

/**
 * Compares systems with a baseline by bootstrap resampling: 1000 corpora are drawn from the segments with replacement, the
 * same for all systems, and the difference of two systems is significant if those of the drawn corpora, their mean taken
 * off, seldom reach it (Koehn, EMNLP 2004, in the two-sided form of Moses and sacreBLEU).
 *
 * @param systems the baseline first.
 * @param references one array a reference stream, as in {@link Metric.corpusScore}.
 * @param metrics of different names.
 * @throws RangeError for fewer than two systems, names that occur twice, lengths that differ, no segments, a segment
 *   without a reference, or an option outside its range.
 * @example
 * const test = pairedBootstrap([{ name: 'base', hypotheses }, { name: 'new', hypotheses: others }], [reference], [new BLEU()]);
 * console.log(pairedTestText(test));
 */
export function pairedBootstrap(
  systems: readonly System[],
  references: readonly (readonly Reference[])[],
  metrics: readonly Metric[],
  { samples = BOOTSTRAP_SAMPLES, seed = SEED }: SamplingOptions = {},
): PairedTest {
  checkCount('samples', samples, 1);
  const random = new PCG64(seed);
  const { names, segments, rows } = gather(systems, references, metrics);
  const drawn = resample(rows.flat(), segments, samples, random);
  const tested = rows.map((scored, m) => {
    const plain = scored.map(plainScore);
    const samplesOf = (system: number) => drawn[m * scored.length + system]!;
    const scores = plain.map(({ score, warnings }, system) => {
      const ours = samplesOf(system);
      const compared = system === 0 ? undefined : bootstrapPValue(ours, samplesOf(0), score - plain[0]!.score);
      return { score, pValue: compared, confidence: interval(ours), warnings };
    });
    return describe(scored, testFields({ bs: samples }, seed), scores);
  });
  return { test: 'bs', samples, seed, systems: names, metrics: tested };
}

/** The p-value of a real difference from the scores of two systems on the same drawn corpora. */
function bootstrapPValue(scores: Float64Array, baseline: Float64Array, difference: number): number {
  // Differences are in the wider precision of the two arrays, which is also the one in which NumPy compares them.
  const [ours, theirs] = [narrow(scores), narrow(baseline)];
  const single = ours instanceof Float32Array && theirs instanceof Float32Array;
  const differences = single ? new Float32Array(ours.length) : new Float64Array(ours.length);
  for (let i = 0; i < differences.length; i++) differences[i] = Math.abs(ours[i]! - theirs[i]!);
  const centre = mean(differences);
  for (let i = 0; i < differences.length; i++) differences[i] = differences[i]! - centre;
  const real = single ? Math.fround(Math.abs(difference)) : Math.abs(difference);
  let extreme = 0;
  for (const each of differences) if (each > real) extreme++;
  return pValue(extreme, differences.length);
}

/** What is told of a metric, from the baseline's statistics and all systems' scores. */
function describe(
  [baseline]: readonly Scored[],
  fields: ReturnType<typeof testFields>,
  scores: TestedScore[],
): TestedMetric {
  const { metric, statistics } = baseline!;
  const { name, higherIsBetter } = metric;
  return { name, higherIsBetter, ...metric.signatures(statistics.references, fields), scores };
}

/**
 * Compares systems with a baseline by approximate randomization: 10,000 times the outputs of two systems are exchanged
 * for a random half of the segments, and their difference is significant if the shuffled ones seldom exceed it (Riezler and
 * Maxwell, ACL workshop on evaluation measures 2005).
 *
 * Shuffles that set the systems exactly as far apart as they are do not count. In sacreBLEU this depends on how rounding
 * falls where statistics are fractions, as with TER and three references, so that its p-values are larger then.
 *
 * @param systems the baseline first.
 * @param references one array a reference stream, as in {@link Metric.corpusScore}.
 * @param metrics of different names.
 * @throws RangeError as {@link pairedBootstrap}
 */
export function pairedApproximateRandomization(
  systems: readonly System[],
  references: readonly (readonly Reference[])[],
  metrics: readonly Metric[],
  { samples = RANDOMIZATION_SAMPLES, seed = SEED, confidenceSamples = 0 }: RandomizationOptions = {},
): PairedTest {
  checkCount('samples', samples, 1);
  checkCount('confidenceSamples', confidenceSamples, 0);
  const random = new PCG64(seed);
  const { names, segments, rows } = gather(systems, references, metrics);
  const exchanges = rows.map((scored) => scored.slice(1).map((other) => new Exchange(scored[0]!, other)));
  const chosen = new Uint32Array(segments);
  const bit = random.bits();
  for (let sample = 0; sample < samples; sample++) {
    let count = 0;
    for (let i = 0; i < segments; i++) if (bit() === 1) chosen[count++] = i;
    for (const exchange of exchanges.flat()) exchange.shuffle(chosen, count);
  }
  // As in sacreBLEU, the systems' corpora are drawn after the shuffles, the baseline's with the generator's first numbers.
  const resampled = (which: (scored: Scored[]) => Scored[], generator: PCG64) =>
    resample(rows.flatMap(which), segments, confidenceSamples, generator).map((scores) =>
      scores.length === 0 ? undefined : interval(scores),
    );
  const baselines = resampled((scored) => scored.slice(0, 1), new PCG64(seed));
  const others = resampled((scored) => scored.slice(1), random);
  const tests = confidenceSamples > 0 ? { bs: confidenceSamples, ar: samples } : { ar: samples };
  const tested = rows.map((scored, m) => {
    const scores = scored.map((each, system) => {
      const { score, warnings } = plainScore(each);
      if (system === 0) return { score, pValue: undefined, confidence: baselines[m], warnings };
      const { extreme } = exchanges[m]![system - 1]!;
      const confidence = others[m * (scored.length - 1) + system - 1];
      return { score, pValue: pValue(extreme, samples), confidence, warnings };
    });
    return describe(scored, testFields(tests, seed), scores);
  });
  return { test: 'ar', samples, seed, systems: names, metrics: tested };
}

/** Two systems of which some segments are exchanged. */
class Exchange {
  /** Shuffles that set the systems further apart than they are. */
  extreme = 0;
  private readonly metric: Metric;
  /** What a segment's exchange takes from the baseline and gives to the other system. */
  private readonly gains: Float64Array;
  private readonly baseline: Float64Array;
  private readonly other: Float64Array;
  private readonly shuffledBaseline: Float64Array;
  private readonly shuffledOther: Float64Array;
  private readonly difference: number;

  constructor(baseline: Scored, other: Scored) {
    this.metric = baseline.metric;
    const { values } = other.statistics;
    this.gains = baseline.statistics.values.map((value, i) => value - values[i]!);
    this.baseline = corpusSums(baseline.statistics);
    this.other = corpusSums(other.statistics);
    this.shuffledBaseline = new Float64Array(this.baseline.length);
    this.shuffledOther = new Float64Array(this.other.length);
    this.difference = Math.abs(this.metric.scoreOf(this.baseline) - this.metric.scoreOf(this.other));
  }

  /** Exchanges the first `count` of the segments in `chosen`. */
  shuffle(chosen: Uint32Array, count: number): void {
    const { gains, shuffledBaseline, shuffledOther } = this;
    const width = shuffledOther.length;
    shuffledOther.fill(0);
    for (let i = 0; i < count; i++) {
      const at = chosen[i]! * width;
      for (let k = 0; k < width; k++) shuffledOther[k] = shuffledOther[k]! + gains[at + k]!;
    }
    for (let k = 0; k < width; k++) {
      const gain = shuffledOther[k]!;
      shuffledBaseline[k] = this.baseline[k]! - gain;
      shuffledOther[k] = this.other[k]! + gain;
    }
    const apart = Math.abs(this.metric.scoreOf(shuffledBaseline) - this.metric.scoreOf(shuffledOther));
    if (apart > this.difference) this.extreme++;
  }
}
