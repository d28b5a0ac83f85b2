// The cases that tests/reference/sacrebleu/generate_significance.py wrote; set SACREBLEU_SIGNIFICANCE to check another file.
import { readFileSync } from 'node:fs';
import { BLEU } from '../src/bleu.js';
import { CHRF } from '../src/chrf.js';
import type { Metric } from '../src/metric.js';
import type { System } from '../src/significance.js';
import { TER } from '../src/ter.js';
import { VERSION } from '../src/version.js';

type Options = Record<string, string | number | boolean>;
export type MetricName = 'BLEU' | 'CHRF' | 'TER';

/** Score, p-value, mean and half of the interval. */
type Row = readonly [number, number | null, number | null, number | null];

interface TestCase {
  corpus: number;
  type: 'bs' | 'ar';
  samples: number;
  confidence: number;
  seed: number;
  options: Record<MetricName, Options>;
  expected: { name: string; signature: string; shortSignature: string; scores: Row[] }[];
}
interface ConfidenceCase {
  corpus: number;
  metric: MetricName;
  options: Options;
  samples: number;
  seed: number;
  score: number;
  mean: number;
  ci: number;
  signature: string;
  shortSignature: string;
}
export interface CommandCase {
  systems: string[];
  arguments: string[];
  output: string;
}
interface Cases {
  draws: {
    seed: number;
    bits: string;
    below: Record<string, number[]>;
    many: { sum: number; last: number[] };
  }[];
  corpora: { references: (string | null)[][]; systems: [string, string[]][] }[];
  tests: TestCase[];
  confidence: ConfidenceCase[];
  commands: CommandCase[];
}

const file = process.env.SACREBLEU_SIGNIFICANCE ?? new URL('significance.json', import.meta.url);
export const cases = JSON.parse(readFileSync(file, 'utf8')) as Cases;

/** A text that sacreBLEU printed, with our version in it. */
export const ours = (text: string) => text.replaceAll(/([:|]v(?:ersion)?:)2\.6\.0/g, `$1${VERSION}`);

/** A metric with the options that Python calls, say, `word_order`. */
export function metricOf(name: MetricName, options: Options): Metric {
  const renamed = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replaceAll(/_([a-z])/g, (_, c: string) => c.toUpperCase()),
      value,
    ]),
  );
  return name === 'BLEU' ? new BLEU(renamed) : name === 'CHRF' ? new CHRF(renamed) : new TER(renamed);
}

export const systemsOf = (corpus: number): System[] =>
  cases.corpora[corpus]!.systems.map(([name, hypotheses]) => ({ name, hypotheses }));
