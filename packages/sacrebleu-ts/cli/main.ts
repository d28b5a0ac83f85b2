#!/usr/bin/env node
// The command `sacrebleu-ts`: scores files of outputs against files of references.
import { readFileSync } from 'node:fs';
import { BLEU, type BLEUOptions, CHRF, type Metric, sentencePieceTokenizer, TER, VERSION } from 'sacrebleu-ts';
import { type Arguments, helpText, parseArguments, UsageError } from './arguments.js';
import { checkLineCounts, InputError, readReferences, readSystems } from './inputs.js';
import { type Style, sentenceLines, severalSystems, singleSystem } from './report.js';

/** Exit codes: wrong usage, bad data, no such input. */
const EXIT = { usage: 2, data: 65, noInput: 66 } as const;

/** The only options of an object that are set. */
const defined = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

/** Names by which sacreBLEU downloads a SentencePiece model. */
const MODELLED = new Set(['spm', 'flores101', 'flores200', 'spBLEU-1K']);

function tokenizer({ tokenize, spmModel }: Arguments): BLEUOptions['tokenize'] {
  if (spmModel === undefined) {
    if (tokenize !== undefined && MODELLED.has(tokenize)) {
      throw new UsageError(`--tokenize ${tokenize}: needs a SentencePiece model; give its file with --spm-model`);
    }
    return tokenize as BLEUOptions['tokenize'];
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(spmModel);
  } catch (error) {
    throw new InputError(`${spmModel}: cannot be read: ${(error as Error).message}`);
  }
  try {
    return sentencePieceTokenizer(bytes, tokenize ?? 'spm');
  } catch (error) {
    throw new InputError(`${spmModel}: ${(error as Error).message}`);
  }
}

/** The metrics asked for, in the order in which sacreBLEU prints them: that of their names, but in paired tests as given. */
function metricsOf(options: Arguments): Metric[] {
  const given = [...new Set(options.metrics ?? ['bleu'])];
  const names = options.pairedAr || options.pairedBs ? given : given.sort();
  const make: Record<string, () => Metric> = {
    bleu: () =>
      new BLEU(
        defined({
          lowercase: options.lowercase,
          force: options.force ?? options.quiet,
          tokenize: tokenizer(options),
          smoothMethod: options.smoothMethod as BLEUOptions['smoothMethod'],
          smoothValue: options.smoothValue,
          effectiveOrder: options.sentenceLevel,
        }) as BLEUOptions,
      ),
    chrf: () =>
      new CHRF(
        defined({
          charOrder: options.chrfCharOrder,
          wordOrder: options.chrfWordOrder,
          beta: options.chrfBeta,
          whitespace: options.chrfWhitespace,
          lowercase: options.chrfLowercase,
          epsSmoothing: options.chrfEpsSmoothing,
        }),
      ),
    ter: () =>
      new TER(
        defined({
          caseSensitive: options.terCaseSensitive,
          asianSupport: options.terAsianSupport,
          noPunct: options.terNoPunct,
          normalized: options.terNormalized,
        }),
      ),
  };
  try {
    return names.map((name) => (make[name] as () => Metric)());
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** A variable of the environment that is one of `choices`. */
const fromEnvironment = <T extends string>(name: string, choices: readonly T[]): T | undefined =>
  choices.find((choice) => choice === process.env[name]?.toLowerCase());

function styleOf(options: Arguments): Style {
  const environmentSeed = process.env.SACREBLEU_SEED ?? '';
  return {
    format:
      fromEnvironment('SACREBLEU_FORMAT', ['json', 'text', 'latex']) ?? (options.format as Style['format']) ?? 'json',
    width: options.width ?? 1,
    short: options.short ?? false,
    scoreOnly: options.scoreOnly ?? false,
    seed: options.seed ?? (/^\d+$/.test(environmentSeed) ? Number(environmentSeed) : 12345),
  };
}

/** @throws UsageError for options that do not go together */
function checkTogether(options: Arguments, systems: number): void {
  const paired = options.pairedAr ? '--paired-ar' : options.pairedBs ? '--paired-bs' : undefined;
  if (options.pairedAr && options.pairedBs) throw new UsageError('expected --paired-ar or --paired-bs, found both');
  if (options.sentenceLevel) {
    if ((options.metrics?.length ?? 1) > 1)
      throw new UsageError('--sentence-level: expected one metric, found several');
    if (systems > 1) throw new UsageError(`--sentence-level: expected one system, found ${systems}`);
    if (paired || options.confidence) {
      throw new UsageError(
        `--sentence-level does not go with ${paired ?? '--confidence'}: single lines have no such test`,
      );
    }
  }
  if (paired && systems === 1) throw new UsageError(`${paired}: expected several systems after -i, found one`);
  if (options.confidence && systems > 1) {
    throw new UsageError(`--confidence: expected one system, found ${systems}; use --paired-bs or --paired-ar`);
  }
}

/** Runs the command. @returns what it prints */
function run(options: Arguments, warn: (text: string) => void): string {
  const style = styleOf(options);
  const metrics = metricsOf(options);
  const references = readReferences(options);
  const systems = readSystems(options, warn);
  checkTogether(options, systems.length);
  checkLineCounts(systems, references, options.references);
  const [first] = systems;
  if (options.sentenceLevel && first) return sentenceLines(metrics[0] as Metric, first, references, style);
  if (systems.length === 1 && first) return singleSystem(metrics, first, references, options, style, warn);
  return severalSystems(metrics, systems, references, options, style, warn);
}

function main(argv: readonly string[]): number {
  try {
    const options = parseArguments(argv);
    if (options.help) process.stdout.write(helpText());
    else if (options.version) process.stdout.write(`sacrebleu-ts ${VERSION}\n`);
    else {
      const warn = (text: string): void => {
        if (!options.quiet) process.stderr.write(`sacrebleu-ts: warning: ${text}\n`);
      };
      process.stdout.write(`${run(options, warn)}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof InputError)) throw error;
    process.stderr.write(`sacrebleu-ts: ${error.message}\n`);
    if (error instanceof UsageError) return EXIT.usage;
    return error.missing ? EXIT.noInput : EXIT.data;
  }
}

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = main(process.argv.slice(2));
