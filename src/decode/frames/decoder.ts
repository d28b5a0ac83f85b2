// Decodes sources to frames: batches of similar length, results in the order of the inputs.
import { loadedSource, type SourceSequence } from '../../data/sequences.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program } from '../../engine/types.js';
import { EngineError } from '../../errors.js';
import { frameSettings, isParallel } from '../../model/frame-decoder.js';
import { Random } from '../../random.js';
import type { FrameDecodingConfig } from '../config.js';
import type { DecoderModel } from '../decoder-model.js';
import { encodingProgram, sentenceNames } from '../programs.js';
import { sourceInputs, speakerInput } from '../source-batch.js';
import { scaledDurations } from './inputs.js';
import { writeParallel } from './parallel.js';
import { MEMORY, parallelEncoding, postnetProgram, type WalkingHeads } from './programs.js';
import { writeStepwise } from './stepwise.js';
import type { WritingContext, WrittenOutput } from './types.js';

/** A source and whose voice its output is to be in. */
export interface SpokenSource {
  readonly source: SourceSequence;
  /** 0 for models of one voice. */
  readonly speaker?: number | undefined;
}

/** The frames of one output. */
export interface DecodedFrames {
  /** `[frames, F]` as the model writes them: normalised. */
  readonly data: Float32Array;
  readonly frames: number;
  /** False where an output was cut at the maximum length. */
  readonly finished: boolean;
  /** Target positions by source positions, the mean of the walking heads `[T, S]`; autoregressive decoders only. */
  readonly attention?: Float32Array;
  /** Target positions that each source position lasts; parallel decoders only. */
  readonly durations?: Int32Array;
}

/** Where in the whole input the sources of one call stand, and what their random masks follow from. */
export interface FrameOrigin {
  readonly seed: number;
  /** Number of the first source, counted from 0. */
  readonly first: number;
}

/** Frames granted besides those a source position. */
const EXTRA_FRAMES = 100;

/** Writes frames with one model on one engine, one batch at a time; compiles what it needs once. */
export class FrameDecoder {
  private readonly programs = new Map<string, Promise<Executable>>();
  private readonly features: number;

  /**
   * @param walking the attention heads that go along the source
   * @param secondsPerFrame what a limit in seconds is counted by
   * @throws EngineError where the model writes tokens
   */
  constructor(
    private readonly engine: Engine,
    private readonly model: DecoderModel,
    private readonly walking: WalkingHeads,
    private readonly secondsPerFrame: number,
    private readonly options: CompileOptions = {},
  ) {
    const { target } = model.vocabulary;
    if (typeof target === 'number') throw new EngineError('internal: expected a model that writes frames');
    this.features = target.features;
  }

  /**
   * Writes the outputs of sources.
   * @param onDone called with the number of outputs finished so far
   * @param signal stops between steps
   */
  async decode(
    sources: readonly SpokenSource[],
    settings: FrameDecodingConfig,
    origin: FrameOrigin,
    onDone: (finished: number) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<DecodedFrames[]> {
    const length = (index: number): number => (sources[index] as SpokenSource).source.length;
    const order = sources.map((_source, index) => index).sort((a, b) => length(a) - length(b) || a - b);
    const results = new Array<DecodedFrames>(sources.length);
    for (let start = 0; start < order.length; start += settings.batchSize) {
      const indices = order.slice(start, start + settings.batchSize);
      const batch = indices.map((index) => sources[index] as SpokenSource);
      const streams = indices.map((index) => new Random(origin.seed, 'prenet', origin.first + index));
      const written = await this.batch(batch, streams, settings, signal);
      indices.forEach((index, i) => {
        results[index] = written[i] as DecodedFrames;
      });
      onDone(start + indices.length);
    }
    return results;
  }

  private async batch(
    batch: readonly SpokenSource[],
    streams: readonly Random[],
    settings: FrameDecodingConfig,
    signal: AbortSignal | undefined,
  ): Promise<DecodedFrames[]> {
    const { config, parameters, vocabulary } = this.model;
    const sources = await Promise.all(batch.map(({ source }) => loadedSource(source)));
    const inputs: Record<string, HostTensor> = {
      ...sourceInputs(sources),
      ...speakerInput(vocabulary, batch),
    };
    const context: WritingContext = {
      engine: this.engine,
      model: this.model,
      features: this.features,
      walking: this.walking,
      settings,
      limits: sources.map((source) => this.limit(source.length, settings)),
      signal,
      compiled: (name, program) => this.compiled(name, program),
    };
    if (isParallel(config)) {
      const encode = await this.compiled('encode', () => parallelEncoding(config, parameters, vocabulary));
      const { logDurations } = await encode.run(inputs);
      const predicted = logDurations as HostTensor;
      const durationsWithin = (limits: readonly number[]) =>
        sources.map((source, row) => {
          const from = row * (predicted.shape[1] as number);
          const own = (predicted.data as Float32Array).subarray(from, from + source.length);
          return scaledDurations(own, settings.speed, limits[row] as number);
        });
      const durations = durationsWithin(context.limits);
      const whole = durationsWithin(sources.map(() => Number.POSITIVE_INFINITY));
      const outputs = await writeParallel(context, durations, predicted.shape[1] as number);
      return this.refined(
        outputs.map((output, row) => ({
          ...output,
          finished: isSame(durations[row] as Int32Array, whole[row] as Int32Array),
        })),
      );
    }
    const encode = await this.compiled('encode', () => encodingProgram(config, parameters, vocabulary, false));
    await encode.run(inputs);
    return this.refined(await writeStepwise(context, sources, streams, inputs.source?.shape[1] as number));
  }

  /** Most positions of an output. */
  private limit(sourceLength: number, { maxSeconds, maxFramesPerPosition, speed }: FrameDecodingConfig): number {
    const { reduction } = frameSettings(this.model.config);
    const usual = maxFramesPerPosition * sourceLength + EXTRA_FRAMES;
    const frames = Math.min(maxSeconds / this.secondsPerFrame, usual / speed);
    return Math.max(1, Math.floor(frames / reduction));
  }

  /** The outputs after the postnet. */
  private async refined(outputs: readonly WrittenOutput[]): Promise<DecodedFrames[]> {
    const { config, parameters } = this.model;
    const { features } = this;
    const { postnetLayers } = frameSettings(config);
    const counts = outputs.map(({ data }) => data.length / features);
    if (postnetLayers === 0) return outputs.map((output, i) => ({ ...output, frames: counts[i] as number }));
    const longest = Math.max(...counts);
    const frames = new Float32Array(outputs.length * longest * features);
    const present = new Float32Array(outputs.length * longest);
    outputs.forEach(({ data }, row) => {
      frames.set(data, row * longest * features);
      present.fill(1, row * longest, row * longest + (counts[row] as number));
    });
    const executable = await this.compiled('postnet', () => postnetProgram(config, parameters, features));
    const result = await executable.run({
      frames: { shape: [outputs.length, longest, features], data: frames },
      present: { shape: [outputs.length, longest], data: present },
    });
    const data = result.frames?.data as Float32Array;
    return outputs.map((output, row) => {
      const from = row * longest * features;
      const count = counts[row] as number;
      return { ...output, frames: count, data: data.slice(from, from + count * features) };
    });
  }

  private compiled(name: string, program: () => Program): Promise<Executable> {
    let compiled = this.programs.get(name);
    if (!compiled) {
      compiled = this.engine.compile(program(), this.options);
      this.programs.set(name, compiled);
    }
    return compiled;
  }

  /** Releases the compiled programs and the caches. */
  async dispose(): Promise<void> {
    for (const executable of this.programs.values()) await (await executable).dispose();
    const { config } = this.model;
    await this.engine.remove(isParallel(config) ? [MEMORY] : sentenceNames(config));
  }
}

const isSame = (a: Int32Array, b: Int32Array): boolean => a.every((value, i) => value === b[i]);
