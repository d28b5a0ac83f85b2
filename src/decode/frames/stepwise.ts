// Writes outputs position by position, until each of them stops.
import type { SourceSequence } from '../../data/sequences.js';
import { MASKED } from '../../engine/fused/attention.js';
import type { Executable, HostTensor } from '../../engine/types.js';
import { alignmentShape, initialAlignment } from '../../model/cross-attention.js';
import { frameSettings } from '../../model/frame-decoder.js';
import type { Random } from '../../random.js';
import type { FrameDecodingConfig } from '../config.js';
import { alignmentNames, pastNames, sentenceNames } from '../programs.js';
import { prenetMasks } from './inputs.js';
import { frameStep } from './programs.js';
import type { WritingContext, WrittenOutput } from './types.js';

/** Steps that the self-attention caches hold at first; doubled whenever they are full. */
const INITIAL_STEPS = 64;

/** An output that is being written. */
interface Writing {
  readonly index: number;
  readonly sourceLength: number;
  readonly random: Random;
  readonly limit: number;
  /** Rows of r·F numbers, and of S attention weights. */
  readonly frames: Float32Array[];
  readonly attention: Float32Array[];
  /** The source position looked at last. */
  center: number;
}

/**
 * Outputs of the sources that were encoded last.
 * @param streams what the masks of each output's prenet are drawn from
 * @param positions S: positions of a source, padding included
 */
export async function writeStepwise(
  context: WritingContext,
  sources: readonly SourceSequence[],
  streams: readonly Random[],
  positions: number,
): Promise<WrittenOutput[]> {
  const { model, features, walking, settings, limits, signal } = context;
  const step = await context.compiled('step', () => frameStep(model.config, model.parameters, features, walking));
  const caches = new Caches(context, sources.length, positions);
  await caches.begin();
  const results = new Array<WrittenOutput>(sources.length);
  let open = sources.map(
    ({ length }, index): Writing => ({
      index,
      sourceLength: length,
      random: streams[index] as Random,
      limit: limits[index] as number,
      frames: [],
      attention: [],
      center: 0,
    }),
  );
  for (let position = 0; open.length > 0; position++) {
    signal?.throwIfAborted();
    await caches.makeRoom(position);
    const stops = await writePosition(context, step, caches, open, position, positions);
    const goesOn: number[] = [];
    open.forEach((writing, row) => {
      const finished = (stops[row] as number) >= settings.stopThreshold;
      if (!finished && position + 1 < writing.limit) goesOn.push(row);
      else results[writing.index] = finishedOutput(writing, finished);
    });
    if (goesOn.length === open.length) continue;
    open = goesOn.map((row) => open[row] as Writing);
    if (open.length > 0) await caches.keep(goesOn);
  }
  return results;
}

/** Writes one position of every open output. @returns the probability of stopping of each */
async function writePosition(
  { model, features, settings }: WritingContext,
  step: Executable,
  caches: Caches,
  open: readonly Writing[],
  position: number,
  positions: number,
): Promise<Float32Array> {
  const { prenetDropout, reduction } = frameSettings(model.config);
  const width = reduction * features;
  const frame = new Float32Array(open.length * features);
  open.forEach(({ frames }, row) => {
    const last = frames.at(-1);
    if (last) frame.set(last.subarray(width - features), row * features);
  });
  const masks = prenetDropout > 0 ? { prenetMasks: maskInput(model.config, open) } : {};
  const result = await step.run(
    {
      frame: { shape: [open.length, features], data: frame },
      position: { shape: [1], data: Int32Array.of(position) },
      ancestry: caches.ancestry(open.length, position),
      window: windowInput(open, positions, settings.window),
      ...masks,
    },
    { offset: position },
  );
  const frames = result.frames?.data as Float32Array;
  const attention = result.attention?.data as Float32Array;
  open.forEach((writing, row) => {
    writing.frames.push(frames.slice(row * width, (row + 1) * width));
    const weights = attention.slice(row * positions, row * positions + writing.sourceLength);
    writing.attention.push(weights);
    writing.center = placeOfLargest(weights);
  });
  return result.stop?.data as Float32Array;
}

function maskInput(model: WritingContext['model']['config'], open: readonly Writing[]): HostTensor {
  const data = prenetMasks(
    model,
    open.map(({ random }) => random),
    1,
  );
  return { shape: [open.length, data.length / open.length], data };
}

/** Hides what is not near the position looked at last. */
function windowInput(open: readonly Writing[], positions: number, window: FrameDecodingConfig['window']): HostTensor {
  const data = new Float32Array(open.length * positions);
  if (window) {
    data.fill(MASKED);
    open.forEach(({ center, sourceLength }, row) => {
      const from = Math.max(0, center - window.back);
      const to = Math.min(sourceLength, center + window.ahead + 1);
      data.fill(0, row * positions + from, row * positions + to);
    });
  }
  return { shape: [open.length, 1, 1, positions], data };
}

function placeOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

function finishedOutput({ frames, attention, sourceLength }: Writing, finished: boolean): WrittenOutput {
  const join = (rows: readonly Float32Array[], width: number): Float32Array => {
    const data = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      data.set(row, i * width);
    });
    return data;
  };
  return { data: join(frames, frames[0]?.length ?? 0), finished, attention: join(attention, sourceLength) };
}

/** The self-attention caches of the outputs being written: a slot a step. */
class Caches {
  private capacity = INITIAL_STEPS;

  constructor(
    private readonly context: WritingContext,
    private readonly batch: number,
    private readonly positions: number,
  ) {}

  async begin(): Promise<void> {
    const { engine, model } = this.context;
    const { heads, modelDim } = model.config;
    const shape = [this.batch, heads, this.capacity, modelDim / heads];
    const empty = (): HostTensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    await engine.write(Object.fromEntries(pastNames(model.config).map((name) => [name, empty()])));
    const alignment = alignmentShape<number>(model.config, this.batch, 1, this.positions);
    if (!alignment) return;
    const names = alignmentNames(model.config);
    await engine.write(Object.fromEntries(names.map((name) => [name, initialAlignment(alignment)])));
  }

  async makeRoom(position: number): Promise<void> {
    if (position < this.capacity) return;
    this.capacity *= 2;
    await this.context.engine.grow(pastNames(this.context.model.config), 2, this.capacity);
  }

  /** 0 at the slots of steps that have been, for every output alike. */
  ancestry(rows: number, position: number): HostTensor {
    const data = new Float32Array(rows * this.capacity).fill(MASKED);
    for (let row = 0; row < rows; row++) data.fill(0, row * this.capacity, row * this.capacity + position);
    return { shape: [rows, 1, 1, this.capacity], data };
  }

  async keep(rows: readonly number[]): Promise<void> {
    await this.context.engine.gather(sentenceNames(this.context.model.config), [...rows]);
  }
}
