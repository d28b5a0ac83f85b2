// A loaded model whose outputs are sounds, with its engine: lines in, sounds out.
import type { Features } from '../audio/types.js';
import { unitOf } from '../data/examples.js';
import { cutSource } from '../data/sequences.js';
import { type FrameDecodingConfig, frameDecodingConfigSchema, frameSettingsOf } from '../decode/config.js';
import { type DecodedFrames, FrameDecoder, type SpokenSource } from '../decode/frames/decoder.js';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/types.js';
import { DataError, EngineError, UsageError } from '../errors.js';
import { resolveModelConfig } from '../model/config.js';
import { isParallel } from '../model/frame-decoder.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import type { Piece, RunConfig, SoundCodec } from '../task.js';
import { longestSource } from '../train/limits.js';
import type { LineOptions } from './decoder.js';
import { loadModel } from './model.js';
import type { OpenedRun } from './open.js';
import type { DecodingOverrides, RunSettings } from './types.js';
import { walkingHeads } from './walking-heads.js';

/** Warnings of a kind that are told one by one; the rest are only counted. */
const NAMED = 5;

const CUT =
  'the output did not stop by itself and was cut (decoding.maxSeconds and maxFramesPerPosition say how long it may be)';

/** What was said of one line. */
export interface SpokenLine {
  readonly source: string;
  /** Empty for a blank or skipped source. */
  readonly samples: Float32Array;
  /** The spectrograms of its pieces, one after another. */
  readonly logMel: Features;
  /** Whether every piece ended by itself. */
  readonly finished: boolean;
  /** What the model wrote of each piece. */
  readonly pieces: readonly SpokenPiece[];
}

/** A piece of a line, and what the model wrote of it. */
export interface SpokenPiece {
  readonly source: SpokenSource['source'];
  readonly written: DecodedFrames;
}

/** The codec of a task whose outputs are sounds. @throws EngineError for another */
export function soundsOf({ codec, task }: OpenedRun): SoundCodec {
  if (codec.sounds) return codec.sounds;
  throw new EngineError(`internal: the outputs of ${task.name} are no sounds`);
}

/** Options of decoding that only searches for tokens heed. */
const SEARCH_ONLY = [
  ...(['beam', 'nBest', 'lengthPenalty', 'maxLength', 'minLength', 'noRepeatNgram', 'method', 'beamGroups'] as const),
  ...(['diversityStrength', 'temperature', 'topK', 'topP', 'minP', 'typicalP', 'repetitionPenalty'] as const),
  'ctcWeight' as const,
];

/** The run's settings of writing frames with the caller's changes. @throws UsageError for those that mean nothing here */
export function speakingSettings(config: RunConfig, overrides: DecodingOverrides): FrameDecodingConfig {
  const foreign = SEARCH_ONLY.find((name) => overrides[name] !== undefined);
  if (foreign !== undefined) {
    throw new UsageError(`${foreign}: ${config.task} writes sound, which is not searched for; leave it out`);
  }
  const { batchSize, speed } = overrides;
  if (speed !== undefined && !isParallel(resolveModelConfig(config.model))) {
    throw new UsageError(
      '--speed: the speed of an autoregressive model cannot be told; train a parallel one (model.frames.kind: parallel)',
    );
  }
  const result = frameDecodingConfigSchema.safeParse({
    ...frameSettingsOf(config.decoding),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(speed === undefined ? {} : { speed }),
  });
  if (result.success) return result.data;
  throw new UsageError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
}

/** A model ready to speak. */
export class SoundDecoder {
  /** Sources cut, or left out, so far because they were too long. */
  truncated = 0;
  skipped = 0;
  /** Sources left out so far because they cannot be read. */
  unreadable = 0;
  /** Outputs so far that were cut at the maximum length. */
  unfinished = 0;
  private readonly warned = new Map<string, number>();
  /** Pieces decoded so far: what is drawn for one follows from its number and the seed. */
  private decoded = 0;

  private constructor(
    private readonly run: OpenedRun,
    private readonly engine: Engine,
    private readonly decoder: FrameDecoder,
    readonly settings: FrameDecodingConfig,
    readonly seed: number,
    /** Which checkpoint was loaded. */
    readonly label: string,
  ) {}

  /** Loads the run's model. @param checkpoint as in `--checkpoint` */
  static async open(
    run: OpenedRun,
    settings: RunSettings & DecodingOverrides,
    checkpoint?: string,
  ): Promise<SoundDecoder> {
    const decoding = speakingSettings(run.config, settings);
    const { parameters, config, label } = await loadModel(run, checkpoint);
    const engine = await createEngine(settings.engine, settings.threads);
    const { vocabulary } = run.codec;
    const { hop, sampleRate } = soundsOf(run);
    const decoder = new FrameDecoder(
      engine,
      { config, parameters: parameterVariables(parameterSpecs(config, vocabulary)), vocabulary },
      walkingHeads(run.config),
      hop / sampleRate,
      { constants: parameters },
    );
    return new SoundDecoder(run, engine, decoder, decoding, settings.seed ?? run.config.seed, label);
  }

  /** Speaks lines; as many results as lines, in their order. @throws DataError for lines that cannot be spoken, as the options say */
  async speak(lines: readonly string[], options: LineOptions): Promise<SpokenLine[]> {
    const pieces: { index: number; piece: Piece; spoken: SpokenSource }[] = [];
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue;
      try {
        pieces.push(...(await this.piecesOf(line, index, options)));
      } catch (error) {
        this.passOver(error, index, options);
      }
    }
    const { onDone, signal } = options;
    const origin = { seed: this.seed, first: this.decoded };
    const sources = pieces.map(({ spoken }) => spoken);
    const written = await this.decoder.decode(sources, this.settings, origin, onDone, signal);
    this.decoded += pieces.length;
    const results: SpokenLine[] = [];
    for (const [index, source] of lines.entries()) {
      const own = pieces.flatMap(({ index: of, piece, spoken }, i) =>
        of === index ? [{ piece, source: spoken.source, written: written[i] as DecodedFrames }] : [],
      );
      const line = await this.audible(source, own);
      results.push(line);
      if (line.finished) continue;
      this.unfinished += 1;
      this.warn('unfinished', `${options.origin(index)}: ${CUT}`, options);
    }
    return results;
  }

  /** What was written of a line as sound, with pauses between its pieces. */
  private async audible(source: string, parts: readonly (SpokenPiece & { piece: Piece })[]): Promise<SpokenLine> {
    const sounds = soundsOf(this.run);
    const dim = sounds.features.numMelBins;
    const spectrograms: Features[] = [];
    const samples: Float32Array[] = [];
    for (const [i, { piece, written }] of parts.entries()) {
      const logMel = sounds.logMel(written.data, written.frames);
      spectrograms.push(logMel);
      samples.push(await sounds.audible(logMel));
      const pause = i + 1 < parts.length ? (piece.pause ?? 0) : 0;
      samples.push(new Float32Array(Math.round(pause * sounds.sampleRate)));
    }
    const frames = spectrograms.reduce((sum, part) => sum + part.frames, 0);
    return {
      source,
      samples: joined(samples),
      logMel: { data: joined(spectrograms.map(({ data }) => data)), frames, dim },
      finished: parts.every(({ written }) => written.finished),
      pieces: parts.map((part) => ({ source: part.source, written: part.written })),
    };
  }

  /** The pieces that a line is spoken in. */
  private async piecesOf(line: string, index: number, options: LineOptions) {
    const { codec, config } = this.run;
    const unknown = codec.unknown?.(line) ?? [];
    if (unknown.length > 0) {
      const names = unknown.map((text) => JSON.stringify(text)).join(', ');
      this.warn('unknown', `${options.origin(index)}: the model has never heard ${names}, which stay silent`, options);
    }
    const { folder, onLong } = options;
    const speaker = soundsOf(this.run).speakerOf(line);
    const limit = longestSource(config);
    const result: { index: number; piece: Piece; spoken: SpokenSource }[] = [];
    for (const piece of (await codec.pieces?.(line, folder)) ?? [{ line, start: 0 }]) {
      const source = await codec.encodeSource(piece.line, folder);
      if (source instanceof Int32Array && source.length < 2) continue;
      const isLong = source.length > limit;
      const what = `the source has ${source.length} ${unitOf(source)}, but the model was trained on at most ${limit}`;
      if (isLong && onLong === 'error') {
        throw new DataError(`${what}; shorten it, or choose --on-long truncate or --on-long skip`);
      }
      if (isLong) this[onLong === 'skip' ? 'skipped' : 'truncated'] += 1;
      const done = onLong === 'skip' ? 'left out' : 'cut';
      if (isLong) this.warn('long', `${options.origin(index)}: ${what}; it is ${done}`, options);
      if (isLong && onLong === 'skip') continue;
      result.push({ index, piece, spoken: { source: isLong ? cutSource(source, limit) : source, speaker } });
    }
    if (result.length === 0) {
      this.warn('nothing', `${options.origin(index)}: there is nothing in it that the model can say`, options);
    }
    return result;
  }

  /** Counts a line that cannot be read, where such are to be left out. @throws DataError with the line's place where they are not */
  private passOver(error: unknown, index: number, options: LineOptions): void {
    if (!(error instanceof DataError)) throw error;
    const message = `${options.origin(index)}: ${error.message}`;
    if ((options.onBad ?? 'error') === 'error') {
      throw new DataError(message, { missing: error.exitCode === 66, cause: error });
    }
    this.unreadable += 1;
    this.warn('unreadable', `${message}; it has no output`, options);
  }

  private warn(kind: string, message: string, { log }: LineOptions): void {
    const count = (this.warned.get(kind) ?? 0) + 1;
    this.warned.set(kind, count);
    if (count <= NAMED) log?.(`warning: ${message}`);
    else if (count === NAMED + 1) log?.('warning: there are more like the last one, which are not named');
  }

  async close(): Promise<void> {
    try {
      await this.decoder.dispose();
    } finally {
      await this.engine.dispose();
    }
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
