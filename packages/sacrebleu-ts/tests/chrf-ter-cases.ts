// sacreBLEU's own cases of chrF and TER, and its options by this package's names.
import { readFileSync } from 'node:fs';
import { CHRF, type CHRFOptions } from '../src/chrf.js';
import { TER, type TEROptions } from '../src/ter.js';
import { VERSION } from '../src/version.js';

/** Options by Python's names. */
export type PythonOptions = Record<string, number | boolean>;

interface ReferenceCase {
  test: string;
  metric: 'chrf' | 'ter';
  level: 'corpus' | 'sentence';
  hyps: string[];
  refs: string[][];
  options: PythonOptions;
  expected: number;
  tol: number;
  computed: number;
  num_edits?: number;
  ref_length?: number;
  signature: string;
}

interface SignatureRow {
  metric: 'chrf' | 'ter';
  options: PythonOptions;
  refs: number;
  score: number;
  text: string;
  signature: string;
  short: string;
}

export const { cases, tokenizer, signatures } = JSON.parse(
  readFileSync(new URL('sacrebleu-chrf-ter-tests.json', import.meta.url), 'utf8'),
) as {
  cases: ReferenceCase[];
  tokenizer: { options: PythonOptions; text: string; tokens: string }[];
  signatures: { hyps: string[]; refs: string[][]; rows: SignatureRow[] };
};

/** The same options by this package's names: `char_order` is `charOrder` here. */
export const fromPython = (options: PythonOptions): CHRFOptions & TEROptions =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

/** A metric by the name that the cases give it. */
export const metricOf = (metric: string, options: PythonOptions): CHRF | TER =>
  metric.toLowerCase() === 'chrf' ? new CHRF(fromPython(options)) : new TER(fromPython(options));

/** A text that sacreBLEU printed, with our version in it. */
export const ours = (text: string) =>
  text.replace('version:2.6.0', `version:${VERSION}`).replace('|v:2.6.0', `|v:${VERSION}`);
