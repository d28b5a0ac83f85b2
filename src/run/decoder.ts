// A loaded model with its engine: lines in, hypotheses out.
import { unitOf } from '../data/examples.js';
import type { OutputGrammar } from '../data/output-grammar.js';
import { cutSource, type SourceSequence } from '../data/sequences.js';
import {
  ctcDecodingConfigSchema,
  type DecodingConfig,
  decodingConfigSchema,
  searchSettings,
  settingsForMethod,
} from '../decode/config.js';
import { generate } from '../decode/generate.js';
import { type CtcLogProbs, TransformerDecoder } from '../decode/session.js';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/types.js';
import { DataError, UsageError } from '../errors.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import type { Piece, RunConfig } from '../task.js';
import { decodingWithin, longestSource } from '../train/limits.js';
import { type LoadedModel, loadModel } from './model.js';
import type { OpenedRun } from './open.js';
import { attentionOf, copiedTokens, type DecodedOutput, joined, later, wordTimes } from './outputs.js';
import { Perplexity } from './perplexity.js';
import type { DecodingOverrides, RunSettings } from './types.js';

/** How many over-long sources are named; the rest are only counted. */
const NAMED = 5;

/** One decoded line. */
export interface DecodedLine {
  readonly source: string;
  /** Best first; empty for a blank or skipped source. */
  readonly outputs: readonly DecodedOutput[];
}

/** How {@link LineDecoder.decode} treats lines. */
export interface LineOptions {
  /** What to do with a source over the length limit. */
  readonly onLong: 'error' | 'truncate' | 'skip';
  /** What to do with a source that cannot be read; `error` unless told. */
  readonly onBad?: 'error' | 'skip' | undefined;
  /** Where paths in lines start from; the working folder unless told. */
  readonly folder?: string | undefined;
  /** Whether to tell when each word was said, for tasks that can. */
  readonly times?: boolean;
  /** Whether to tell which tokens were copied, for models that copy. */
  readonly copied?: boolean;
  /** Whether to tell where the decoder looked. */
  readonly attention?: boolean;
  /** Names line i for messages. */
  readonly origin: (index: number) => string;
  /** Called with the number of lines finished so far. */
  readonly onDone?: (finished: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Takes warnings. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The decoding settings that callers may change. */
const OVERRIDABLE = [
  ...(['method', 'beam', 'nBest', 'lengthPenalty', 'maxLength', 'minLength', 'noRepeatNgram', 'batchSize'] as const),
  ...(['beamGroups', 'diversityStrength', 'ctcWeight'] as const),
  ...(['temperature', 'topK', 'topP', 'minP', 'typicalP', 'repetitionPenalty'] as const),
];

/** The run's decoding settings with the caller's changes. @throws UsageError when they do not fit together */
export function decodingSettings(config: RunConfig, overrides: DecodingOverrides): DecodingConfig {
  const configured = searchSettings(config.decoding);
  const { beam, beamGroups, ctcWeight, diversityStrength } = overrides;
  const asksForBeam = [beam, beamGroups, diversityStrength].some((value) => value !== undefined);
  const method = overrides.method ?? (asksForBeam ? 'beam' : configured.method);
  if (method !== 'beam' && beam !== undefined) {
    throw new UsageError(
      `beam: expected \`nBest\`, the number of outputs that \`${method}\` draws, found a beam (${beam})`,
    );
  }
  const given = Object.fromEntries(
    OVERRIDABLE.flatMap((name) => (overrides[name] === undefined ? [] : [[name, overrides[name]]])),
  );
  const hasCtc = configured.ctcWeight !== undefined;
  if (!hasCtc && ctcWeight !== undefined) {
    throw new UsageError(`--ctc-weight: ${config.task} has no CTC head that could score its outputs`);
  }
  if (ctcWeight !== undefined && ctcWeight > 0 && (config.ctc?.weight ?? 0) === 0) {
    throw new UsageError('--ctc-weight: the model was trained without a CTC head (ctc.weight 0)');
  }
  const schema = hasCtc ? ctcDecodingConfigSchema : decodingConfigSchema;
  const { beamGroups: groups, diversityStrength: strength, ...settings } = settingsForMethod(configured, method);
  // A beam of 1 is greedy search, whatever groups the configuration's beam has.
  const result = schema.safeParse({
    ...settings,
    ...(beam === 1 ? {} : { beamGroups: groups, diversityStrength: strength }),
    ...given,
    method,
  });
  if (result.success) return decodingWithin(config, result.data);
  throw new UsageError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
}

/** A model ready to decode lines. */
export class LineDecoder {
  /** Sources cut so far because they were too long. */
  truncated = 0;
  /** Sources left out so far because they were too long. */
  skipped = 0;
  /** Sources left out so far because they cannot be read. */
  unreadable = 0;
  /** Sources so far with something that the vocabulary lacks. */
  private unfamiliar = 0;
  /** Sources decoded so far, pieces counted by themselves: what is drawn for one follows from its number and the seed. */
  private decoded = 0;

  private constructor(
    private readonly run: OpenedRun,
    private readonly engine: Engine,
    private readonly model: LoadedModel,
    private readonly decoder: TransformerDecoder,
    readonly settings: DecodingConfig,
    /** What outputs that are drawn are drawn by. */
    readonly seed: number,
    /** Which checkpoint was loaded. */
    readonly label: string,
  ) {}

  /** Loads the run's model. @param checkpoint as in `--checkpoint` */
  static async open(
    run: OpenedRun,
    settings: RunSettings & DecodingOverrides,
    checkpoint?: string,
  ): Promise<LineDecoder> {
    const decoding = decodingSettings(run.config, settings);
    const model = await loadModel(run, checkpoint);
    const engine = await createEngine(settings.engine, settings.threads);
    const specs = parameterVariables(parameterSpecs(model.config, run.codec.vocabulary));
    const decoder = new TransformerDecoder(
      engine,
      { config: model.config, parameters: specs, vocabulary: run.codec.vocabulary },
      { constants: model.parameters },
    );
    return new LineDecoder(run, engine, model, decoder, decoding, settings.seed ?? run.config.seed, model.label);
  }

  /** A measure of how likely references are to the model. */
  perplexity(): Perplexity {
    return new Perplexity(this.engine, this.run, this.model);
  }

  /**
   * Decodes lines; as many results as lines, in their order. A blank line gives no outputs. A source that the task cuts into
   * pieces gives the best outputs of its pieces, one after another.
   * @throws DataError for a source over the length limit when `onLong` is `error`
   */
  async decode(lines: readonly string[], options: LineOptions): Promise<DecodedLine[]> {
    const pieces: { index: number; piece: Piece; sequence: SourceSequence; grammar: OutputGrammar | undefined }[] = [];
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue;
      try {
        this.noteUnknown(line, index, options);
        for (const piece of await this.piecesOf(line, index, options)) {
          const encoded = await this.run.codec.encodeSource(piece.line, options.folder);
          const sequence = this.fit(encoded, index, options);
          const grammar = this.run.codec.grammar?.(piece.line);
          if (sequence) pieces.push({ index, piece, sequence, grammar });
        }
      } catch (error) {
        this.passOver(error, index, options);
      }
    }
    const outputs = await this.outputs(
      pieces.map(({ sequence }) => sequence),
      pieces.map(({ grammar }) => grammar),
      options,
    );
    const results: DecodedLine[] = lines.map((source) => ({ source, outputs: [] }));
    pieces.forEach(({ index, piece }, i) => {
      const found = later(outputs[i] as DecodedOutput[], piece.start);
      const before = results[index] as DecodedLine;
      results[index] = { ...before, outputs: before.outputs.length > 0 ? joined(before.outputs, found) : found };
    });
    return results;
  }

  /** Counts a source that cannot be read, where such are to be left out. @throws the error, with the line's place, where they are not */
  private passOver(error: unknown, index: number, { onBad = 'error', origin, log }: LineOptions): void {
    if (!(error instanceof DataError)) throw error;
    const place = `${origin(index)}: `;
    // A codec does not know which line it was given.
    const message = error.message.startsWith(place) ? error.message : place + error.message;
    if (onBad === 'error') throw new DataError(message, { missing: error.exitCode === 66, cause: error });
    this.unreadable += 1;
    if (this.unreadable <= NAMED) log?.(`warning: ${message}; its output is blank`);
    else if (this.unreadable === NAMED + 1) log?.('warning: more sources cannot be read; they are only counted');
  }

  /** Warns of what the vocabulary lacks, for tasks that tell. */
  private noteUnknown(line: string, index: number, { origin, log }: LineOptions): void {
    const unknown = this.run.codec.unknown?.(line) ?? [];
    if (unknown.length === 0) return;
    this.unfamiliar += 1;
    const names = unknown.map((text) => JSON.stringify(text)).join(', ');
    if (this.unfamiliar <= NAMED) log?.(`warning: ${origin(index)}: the vocabulary lacks ${names}; read as unknown`);
    else if (this.unfamiliar === NAMED + 1) log?.('warning: more sources have what the vocabulary lacks; not named');
  }

  /** The pieces that a line is decoded in: as a rule, itself. */
  private async piecesOf(line: string, index: number, { folder, origin, log }: LineOptions): Promise<Piece[]> {
    const pieces = await this.run.codec.pieces?.(line, folder);
    if (pieces === undefined || pieces.length < 2) return [{ line, start: 0 }];
    log?.(`${origin(index)}: the audio is long and is decoded in ${pieces.length} pieces, cut where it is quietest`);
    return pieces;
  }

  /** Decodes sources. */
  private async outputs(
    sources: readonly SourceSequence[],
    grammars: readonly (OutputGrammar | undefined)[],
    options: LineOptions,
  ): Promise<DecodedOutput[][]> {
    const { codec } = this.run;
    const ctc: CtcLogProbs[] = [];
    // Only a head over the target's own vocabulary can tell where its words are.
    const isOfTarget =
      searchSettings(this.run.config.decoding).ctcWeight !== undefined && codec.vocabulary.ctc !== undefined;
    const align = options.times && isOfTarget ? codec : undefined;
    const keep =
      align &&
      ((index: number, logProbs: CtcLogProbs) => {
        ctc[index] = logProbs;
      });
    const { onDone, signal, attention } = options;
    const origin = { seed: this.seed, first: this.decoded };
    const found = await generate(this.decoder, sources, this.settings, {
      onDone,
      signal,
      onCtc: keep,
      origin,
      grammars,
    });
    this.decoded += sources.length;
    const results: DecodedOutput[][] = [];
    for (const [i, hypotheses] of found.entries()) {
      const source = sources[i] as SourceSequence;
      const outputs: DecodedOutput[] = [];
      const copied =
        options.copied && this.run.config.model.copy && hypotheses.length > 0
          ? await copiedTokens(
              codec,
              this.decoder,
              source,
              hypotheses.map(({ tokens }) => tokens),
            )
          : [];
      for (const [k, { tokens, score, finished }] of hypotheses.entries()) {
        outputs.push({
          text: codec.decodeOutput(tokens, source),
          score,
          finished,
          ...(copied[k] ? { copied: copied[k] } : {}),
          ...(align ? { words: wordTimes(align, tokens, ctc[i] as CtcLogProbs) } : {}),
          ...(attention && (finished || tokens.length > 0)
            ? { attention: await attentionOf(codec, this.decoder, source, tokens, finished) }
            : {}),
        });
      }
      results.push(outputs);
    }
    return results;
  }

  /** Applies the length limit to an encoded source. */
  private fit(source: SourceSequence, index: number, { onLong, origin, log }: LineOptions): SourceSequence | undefined {
    const limit = longestSource(this.run.config);
    if (source.length <= limit) return source;
    const what = `${origin(index)}: the source has ${source.length} ${unitOf(source)}, but the model was trained on at most ${limit}`;
    if (onLong === 'error') {
      throw new DataError(`${what}; shorten it, or choose --on-long truncate or --on-long skip`);
    }
    if (onLong === 'skip') this.skipped += 1;
    else this.truncated += 1;
    const count = this.skipped + this.truncated;
    if (count <= NAMED) log?.(`warning: ${what}; ${onLong === 'skip' ? 'its output is blank' : 'it is cut'}`);
    else if (count === NAMED + 1) log?.('warning: more sources are too long; they are counted, but no longer named');
    if (onLong === 'skip') return undefined;
    return cutSource(source, limit);
  }

  async close(): Promise<void> {
    try {
      await this.decoder.dispose();
    } finally {
      await this.engine.dispose();
    }
  }
}
