// Parsing of option values, and the options every command has.
import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings';
import { ENGINE_CHOICES, type EngineChoice } from '../engine/names.js';
import type { RunSettings } from '../run/types.js';
import type { CliContext } from './context.js';

/** A parser of whole numbers of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

/** Parses a finite number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Parses a duration into seconds: `90`, `90s`, `30m`, `1.5h`, `1h30m`. */
export function duration(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  if (/^(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$/.test(text)) {
    const parts = text.match(/[\d.]+[hms]/g) ?? [];
    const seconds = parts.reduce(
      (sum, part) => sum + Number(part.slice(0, -1)) * (UNIT_SECONDS[part.slice(-1)] ?? 0),
      0,
    );
    if (seconds > 0) return seconds;
  }
  throw new InvalidArgumentError(
    'Expected a duration above 0 such as 90s, 30m, 1h or 1h30m; a plain number is seconds.',
  );
}

/** Parses names separated by commas. */
export function nameList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names separated by commas.');
  return [...new Set(names)];
}

/** Gathers the values of an option that may be repeated. */
export function collect(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text];
}

/** A bound on a score: a `--min` or `--max`. */
export interface Threshold {
  metric: string;
  kind: 'min' | 'max';
  limit: number;
}

/** A parser that gathers `metric=score` values. */
export function thresholds(
  kind: Threshold['kind'],
): (text: string, previous: readonly Threshold[] | undefined) => Threshold[] {
  return (text, previous) => {
    const match = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(text);
    const limit = Number(match?.[2]);
    if (match?.[1] === undefined || !Number.isFinite(limit)) {
      throw new InvalidArgumentError('Expected metric=score, such as bleu=30.');
    }
    return [...(previous ?? []), { metric: match[1], kind, limit }];
  };
}

/** Adds the options every command has; to be called last, so that they come last in the help. */
export function withCommonOptions<A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) {
  return command
    .optionsGroup('Common options:')
    .option('--json', 'report as one JSON document on standard output')
    .option('--quiet', 'no progress, only results, warnings and errors')
    .addOption(new Option('--engine <name>', 'what computes').choices(ENGINE_CHOICES).default('auto' as const))
    .option('--threads <n>', 'threads for tensor operations (default: all cores)', wholeNumber(1))
    .option('--seed <n>', 'seed of everything random', wholeNumber(0))
    .helpOption('-h, --help', 'show this help');
}

/** A type without the properties that are `undefined`, as `exactOptionalPropertyTypes` wants them. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the properties that are `undefined`. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}

/** The library's settings from the common options. */
export function runSettings(
  options: { engine: EngineChoice; threads?: number | undefined; seed?: number | undefined; quiet?: true | undefined },
  context: CliContext,
): RunSettings {
  const { engine, threads, seed, quiet } = options;
  return { ...defined({ engine, threads, seed, quiet }), log: (line) => context.output.log(line) };
}

/** The examples at the end of a command's help. */
export function examples(...lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}
