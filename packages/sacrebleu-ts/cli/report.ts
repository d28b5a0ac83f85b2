// The command's output: scores of one system, of each line, or of several systems, as sacreBLEU prints them.
import {
  type Confidence,
  confidenceInterval,
  type Metric,
  type PairedTest,
  pairedApproximateRandomization,
  pairedBootstrap,
  pairedTestJson,
  pairedTestLatex,
  pairedTestText,
  type Score,
  type ScoreFormat,
  systemsJson,
  systemsLatex,
  systemsText,
} from 'sacrebleu-ts';
import type { Arguments } from './arguments.js';
import type { NamedSystem } from './inputs.js';

/** What the options say of the form of the output. */
export interface Style {
  readonly format: 'json' | 'text' | 'latex';
  readonly width: number;
  readonly short: boolean;
  readonly scoreOnly: boolean;
  readonly seed: number;
}

type Streams = readonly (readonly string[])[];
type Warn = (text: string) => void;

/** One line for every segment. */
export function sentenceLines(metric: Metric, system: NamedSystem, references: Streams, style: Style): string {
  const { width, scoreOnly, short } = style;
  return system.hypotheses
    .map((hypothesis, i) => {
      const score = metric.sentenceScore(
        hypothesis,
        references.map((stream) => stream[i]),
      );
      return score.format({ width, scoreOnly, signature: short ? 'short' : true });
    })
    .join('\n');
}

/** One system under one metric. */
interface Line {
  readonly score: Score;
  readonly format: ScoreFormat;
}

function scoreLine(
  metric: Metric,
  { hypotheses }: NamedSystem,
  references: Streams,
  options: Arguments,
  style: Style,
): Line {
  const { width, scoreOnly, short, format, seed } = style;
  const json = format === 'json';
  const common = { width, scoreOnly, json };
  if (!options.confidence) {
    return {
      score: metric.corpusScore(hypotheses, references),
      format: { ...common, signature: short && !json ? 'short' : true },
    };
  }
  const samples = options.confidenceN ?? 1000;
  const result = confidenceInterval(metric, hypotheses, references, { samples, seed });
  const confidence: Confidence = result.confidence;
  const signature = short && !json ? result.shortSignature : result.signature;
  return { score: result.score, format: { ...common, confidence, signature } };
}

/** All metrics of one system. */
export function singleSystem(
  metrics: readonly Metric[],
  system: NamedSystem,
  references: Streams,
  options: Arguments,
  style: Style,
  warn: Warn,
): string {
  const lines = metrics.map((metric) => scoreLine(metric, system, references, options, style));
  for (const { score } of lines) for (const warning of score.warnings) warn(warning);
  const texts = lines.map(({ score, format }) => score.format(format));
  if (texts.length === 1) return texts[0] as string;
  if (style.format === 'json') return style.scoreOnly ? texts.join('\n') : `[\n${texts.join(',\n')}\n]`;
  // Aligned at the equals signs, where there are any.
  const places = texts.map((text) => text.indexOf('=') - 1);
  if (style.scoreOnly) return texts.join('\n');
  const widest = Math.max(...places);
  return texts.map((text, i) => ' '.repeat(widest - (places[i] as number)) + text).join('\n');
}

/** A comparison of several systems. */
export function severalSystems(
  metrics: readonly Metric[],
  systems: readonly NamedSystem[],
  references: Streams,
  options: Arguments,
  style: Style,
  warn: Warn,
): string {
  const { width, short, seed } = style;
  const warnAll = ({ metrics: tested }: Pick<PairedTest, 'metrics'>): void => {
    const warnings = tested.flatMap(({ scores }) => scores.flatMap((score) => score.warnings));
    for (const warning of warnings) warn(warning);
  };
  const paired = options.pairedBs || options.pairedAr;
  if (!paired) {
    const write = { json: systemsJson, latex: systemsLatex, text: systemsText }[style.format];
    return write(systems, references, metrics, { width, short });
  }
  const test = options.pairedBs
    ? pairedBootstrap(systems, references, metrics, { samples: options.pairedBsN ?? 1000, seed })
    : pairedApproximateRandomization(systems, references, metrics, { samples: options.pairedArN ?? 10000, seed });
  warnAll(test);
  if (style.format === 'json') return pairedTestJson(test);
  return (style.format === 'latex' ? pairedTestLatex : pairedTestText)(test, { width, short });
}
