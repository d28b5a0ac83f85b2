// Significance tests and confidence intervals equal Python sacreBLEU's.
import { describe, expect, test } from 'vitest';
import { BLEU } from '../src/bleu.js';
import { Metric } from '../src/metric.js';
import { type PairedTest, pairedApproximateRandomization, pairedBootstrap } from '../src/significance.js';
import { confidenceInterval } from '../src/significance-confidence.js';
import { mean } from '../src/significance-sample.js';
import { segmentStatistics } from '../src/significance-segments.js';
import { systemsJson, systemsLatex, systemsText } from '../src/significance-systems.js';
import { pairedTestJson, pairedTestLatex, pairedTestText } from '../src/significance-table.js';
import { type CommandCase, cases, type MetricName, metricOf, ours, systemsOf } from './significance-cases.js';

/** Most that a mean or an interval may differ from Python's. */
const TOLERANCE = 1e-9;

const references = (corpus: number) => cases.corpora[corpus]!.references;
const METRICS: MetricName[] = ['BLEU', 'CHRF', 'TER'];
const kind = ({ name }: Metric): MetricName => (name.startsWith('chrF') ? 'CHRF' : (name as MetricName));

describe('paired tests', () => {
  test.each(cases.tests)('$type of corpus $corpus, $samples samples, seed $seed: $options', (each) => {
    const metrics = METRICS.map((name) => metricOf(name, each.options[name]));
    const { samples, seed } = each;
    const confidenceSamples = Math.max(0, each.confidence);
    const found =
      each.type === 'bs'
        ? pairedBootstrap(systemsOf(each.corpus), references(each.corpus), metrics, { samples, seed })
        : pairedApproximateRandomization(systemsOf(each.corpus), references(each.corpus), metrics, {
            samples,
            seed,
            confidenceSamples,
          });
    expect(found.metrics.map(({ name }) => name)).toEqual(each.expected.map(({ name }) => name));
    for (const [m, { name, signature, shortSignature, scores }] of each.expected.entries()) {
      const metric = found.metrics[m]!;
      expect(metric).toMatchObject({ signature: ours(signature), shortSignature: ours(shortSignature) });
      for (const [i, [score, pValue, centre, ci]] of scores.entries()) {
        const ofSystem = metric.scores[i]!;
        expect(ofSystem.score, name).toBeCloseTo(score, 10);
        expect(ofSystem.pValue ?? null, `${name} of ${found.systems[i]}`).toBe(pValue);
        expect(Math.abs((ofSystem.confidence?.mean ?? 0) - (centre ?? 0)), name).toBeLessThan(TOLERANCE);
        expect(Math.abs((ofSystem.confidence?.halfWidth ?? 0) - (ci ?? 0)), name).toBeLessThan(TOLERANCE);
      }
    }
  });

  const [base, other] = systemsOf(0) as [(typeof systems)[0], (typeof systems)[0]];
  const systems = systemsOf(0);
  const bleu = new BLEU();

  test('refuse what cannot be compared', () => {
    const expectRefusal = (run: () => PairedTest, message: string) => expect(run).toThrow(new RangeError(message));
    const reference = references(0);
    expectRefusal(
      () => pairedBootstrap([base], reference, [bleu]),
      'systems: expected a baseline and at least one other, found 1',
    );
    expectRefusal(() => pairedBootstrap(systems, reference, []), 'metrics: expected at least one, found none');
    expectRefusal(
      () => pairedBootstrap([base, base], reference, [bleu]),
      'systems: expected different names, found base twice',
    );
    expectRefusal(
      () => pairedApproximateRandomization(systems, reference, [bleu, new BLEU({ tokenize: 'char' })]),
      'metrics: expected different names, found BLEU twice',
    );
    expectRefusal(
      () => pairedBootstrap([base, { ...other, hypotheses: [] }], reference, [bleu]),
      'references[0]: expected 0 segments as in the hypotheses, found 1',
    );
    expectRefusal(
      () =>
        pairedBootstrap(
          systems.map(({ name }) => ({ name, hypotheses: [] })),
          [[]],
          [bleu],
        ),
      'hypotheses: expected at least one segment, found none',
    );
    expectRefusal(
      () => pairedBootstrap(systems, reference, [bleu], { samples: 0 }),
      'samples: expected a whole number of at least 1, found 0',
    );
    expectRefusal(
      () => pairedApproximateRandomization(systems, reference, [bleu], { confidenceSamples: -1 }),
      'confidenceSamples: expected a whole number of at least 0, found -1',
    );
    expect(() => pairedBootstrap(systems, reference, [bleu], { seed: -1 })).toThrow(/^seed: expected/);
  });

  test('tell of texts that look tokenized', () => {
    const hypotheses = Array.from({ length: 100 }, () => 'a b .');
    const { metrics } = pairedBootstrap(
      [
        { ...base, hypotheses },
        { ...other, hypotheses: hypotheses.map(() => 'a b.') },
      ],
      [hypotheses],
      [bleu],
      { samples: 2 },
    );
    expect(metrics[0]!.scores.map(({ warnings }) => warnings.length)).toEqual([1, 0]);
  });
});

describe('confidence intervals', () => {
  test.each(cases.confidence)('$metric of corpus $corpus, $samples samples, seed $seed: $options', (each) => {
    const { samples, seed } = each;
    const { hypotheses } = systemsOf(each.corpus)[0]!;
    const metric = metricOf(each.metric, each.options);
    const found = confidenceInterval(metric, hypotheses, references(each.corpus), { samples, seed });
    expect(found.score.score).toBeCloseTo(each.score, 10);
    expect(Math.abs(found.confidence.mean - each.mean)).toBeLessThan(TOLERANCE);
    expect(Math.abs(found.confidence.halfWidth - each.ci)).toBeLessThan(TOLERANCE);
    expect(found.signature).toBe(ours(each.signature));
    expect(found.shortSignature).toBe(ours(each.shortSignature));
  });

  test('have 1000 samples and sacreBLEU’s seed unless told', () => {
    const { samples, seed } = confidenceInterval(new BLEU(), systemsOf(1)[0]!.hypotheses, references(1));
    expect({ samples, seed }).toEqual({ samples: 1000, seed: 12345 });
  });
});

describe('tables', () => {
  const option = (args: string[], ...names: string[]) => args[args.findIndex((each) => names.includes(each)) + 1];

  function inputs({ systems: names, arguments: args }: CommandCase) {
    const metrics = METRICS.filter(
      (name) => args.includes(name.toLowerCase()) || (name === 'BLEU' && !args.includes('-m')),
    )
      .sort((a, b) => args.indexOf(a.toLowerCase()) - args.indexOf(b.toLowerCase()))
      .map((name) => metricOf(name, name === 'CHRF' && args.includes('--chrf-word-order') ? { word_order: 2 } : {}));
    const corpus = Math.min(2, cases.corpora.length - 1);
    const systems = names.map((name, i) => ({ name, hypotheses: systemsOf(corpus)[i]!.hypotheses }));
    return { systems, reference: references(corpus).slice(0, 1), metrics };
  }
  function run(each: CommandCase): PairedTest {
    const { systems, reference, metrics } = inputs(each);
    const { arguments: args } = each;
    if (args.includes('--paired-bs')) {
      const samples = args.includes('--paired-bs-n') ? Number(option(args, '--paired-bs-n')) : 1000;
      return pairedBootstrap(systems, reference, metrics, { samples });
    }
    return pairedApproximateRandomization(systems, reference, metrics, {
      samples: Number(option(args, '--paired-ar-n')),
    });
  }
  const settings = (args: string[]) => ({
    ...(args.includes('-w') && { width: Number(option(args, '-w')) }),
    short: args.includes('--short'),
  });
  const isPaired = ({ arguments: args }: CommandCase) => args.some((each) => each.startsWith('--paired'));
  const formats = (format: string) =>
    cases.commands.filter((each) => isPaired(each) && option(each.arguments, '-f') === format);

  test.each(cases.commands.filter((each) => !isPaired(each)))('$arguments', (each) => {
    const { systems, reference, metrics } = inputs(each);
    const write = { text: systemsText, latex: systemsLatex, json: systemsJson }[
      option(each.arguments, '-f') as 'text' | 'latex' | 'json'
    ];
    // Without a test, the command sorts metrics by name.
    const sorted = metrics.toSorted((a, b) => METRICS.indexOf(kind(a)) - METRICS.indexOf(kind(b)));
    expect(`${write(systems, reference, sorted, settings(each.arguments))}\n`).toBe(ours(each.output));
  });

  test('without systems or metrics are refused', () => {
    expect(() => systemsText([], [], [new BLEU()])).toThrow(
      new RangeError('systems: expected at least one, found none'),
    );
    expect(() => systemsJson(systemsOf(0), references(0), [])).toThrow(
      new RangeError('metrics: expected at least one, found none'),
    );
  });

  test.each(formats('text'))('$arguments', (each) => {
    expect(`${pairedTestText(run(each), settings(each.arguments))}\n`).toBe(ours(each.output));
  });

  test.each(formats('latex'))('$arguments', (each) => {
    expect(`${pairedTestLatex(run(each), settings(each.arguments))}\n`).toBe(ours(each.output));
  });

  test.each(formats('json'))('$arguments', (each) => {
    const test = run(each);
    type Scores = { score: number; p_value: number | null; mean: number | null; ci: number | null };
    const printed = JSON.parse(each.output) as ({ system: string } & Record<string, Scores>)[];
    // Logarithms and exponentials of Python and JavaScript can differ in the last bit, which these numbers show.
    const metrics = test.metrics.map((metric) => ({
      ...metric,
      scores: metric.scores.map((score, i) => {
        const theirs = printed[i]![metric.name]!;
        expect(score.score).toBeCloseTo(theirs.score, 10);
        expect(score.confidence?.mean ?? 0).toBeCloseTo(theirs.mean ?? 0, 9);
        expect(score.confidence?.halfWidth ?? 0).toBeCloseTo(theirs.ci ?? 0, 9);
        const confidence = theirs.mean === null ? undefined : { mean: theirs.mean, halfWidth: theirs.ci! };
        return { ...score, score: theirs.score, confidence };
      }),
    }));
    expect(`${pairedTestJson({ ...test, metrics })}\n`).toBe(each.output);
  });

  test('JSON has numbers and texts as Python writes them', () => {
    const scores = [0, 100, 1e-5, 0.0001, 1.5e-300, 1e16, 123456789012345680, 1e15, -2.5].map((score) => ({
      score,
      pValue: undefined,
      confidence: undefined,
      warnings: [],
    }));
    const metric = { name: '"é😀\u007f\n', higherIsBetter: true, signature: '', shortSignature: '', scores };
    const systems = scores.map((_, i) => (i === 0 ? 'Baseline' : `System ${i}`));
    const json = pairedTestJson({ test: 'ar', samples: 1, seed: 1, systems, metrics: [metric] });
    expect([...json.matchAll(/"score": (\S+),/g)].map(([, number]) => number)).toEqual([
      '0.0',
      '100.0',
      '1e-05',
      '0.0001',
      '1.5e-300',
      '1e+16',
      '1.2345678901234568e+17',
      '1000000000000000.0',
      '-2.5',
    ]);
    expect(json).toContain('"\\"\\u00e9\\ud83d\\ude00\\u007f\\n": {');
    expect(json).toContain('"system": "Baseline",');
  });
});

test('segments’ statistics add up to the corpus’s', () => {
  const [hypotheses, streams] = [systemsOf(1)[0]!.hypotheses, references(1)];
  const found = segmentStatistics(new BLEU(), hypotheses, streams);
  expect(found).toMatchObject({ width: 11, segments: hypotheses.length, references: 'var' });
  const statistics = new BLEU().statistics();
  for (const [i, hypothesis] of hypotheses.entries())
    statistics.add(
      hypothesis,
      streams.map((stream) => stream[i]),
    );
  const sums = Array.from({ length: 11 }, (_, k) =>
    found.values.filter((_, at) => at % 11 === k).reduce((a, b) => a + b),
  );
  expect(sums).toEqual(statistics.save().sums);
});

test('a metric without arithmetic in single precision is resampled in double precision', () => {
  class Words extends Metric {
    readonly name = 'words';
    readonly higherIsBetter = true;
    readonly width = 1;
    protected readonly counting = {};
    protected measure(hypothesis: string, _references: readonly string[], sums: Float64Array): void {
      sums[0] = sums[0]! + hypothesis.split(' ').length;
    }
    scoreOf(sums: Float64Array): number {
      return sums[0]! / 3;
    }
    protected explain(sums: Float64Array): ReturnType<BLEU['sentenceScore']> {
      return { ...new BLEU().sentenceScore('a', ['a']), score: this.scoreOf(sums) } as ReturnType<
        BLEU['sentenceScore']
      >;
    }
    protected signatureFields() {
      return [];
    }
  }
  const { confidence } = confidenceInterval(new Words(), ['a', 'b', 'c d e'], [['a', 'b', 'c']]);
  expect(confidence.mean).toBeGreaterThan(1.4);
  expect(confidence.mean).toBeLessThan(1.9);
  expect(confidence.halfWidth).toBeCloseTo(1, 10);
});

test.each([Float32Array, Float64Array])(
  'means of a %o do not depend on how they are summed when sums are exact',
  (kind) => {
    for (const length of [1, 7, 8, 9, 128, 129, 1000, 2050]) {
      expect(mean(new kind(Array.from({ length }, (_, i) => i)))).toBe((length - 1) / 2);
    }
  },
);
