// What writes frames against PyTorch: its parts with their gradients, and the whole loss with the gradient of every parameter.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ModelExample } from '../../../src/data/examples.js';
import { FrameSequence, FrameTarget } from '../../../src/data/sequences.js';
import { expandDurations } from '../../../src/decode/frames/inputs.js';
import { mul, range, reshape, sum, type Tensor, valueAndGrads } from '../../../src/engine/ops.js';
import { type HostTensor, sizeOf } from '../../../src/engine/types.js';
import { resolveModelConfig, speakingModelConfigSchema } from '../../../src/model/config.js';
import { convolve } from '../../../src/model/convolution.js';
import { logDurations, parallelStates, postnet, prenet } from '../../../src/model/frame-decoder.js';
import { createScope, type Scope } from '../../../src/model/scope.js';
import { frameBatch } from '../../../src/train/frame-batch.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { ENGINES, evaluate, floats, ints, useEngine } from '../engine/support.js';
import { frameSetup } from '../train/frames-support.js';

/** Numbers drawn, in 256ths, or computed; see tests/reference/frames. */
type Stored = { readonly shape: readonly number[] } & ({ readonly int16: string } | { readonly float32: string });
type Named = Readonly<Record<string, Stored>>;

interface Part {
  readonly parameters: Named;
  readonly x: readonly Stored[];
  readonly dy: readonly Stored[];
  readonly y: readonly Stored[];
  readonly dx: readonly Stored[];
  readonly gradients: Named;
}

interface Whole {
  readonly parameters: Named;
  readonly examples: readonly {
    readonly source: readonly number[];
    readonly target: Stored;
    readonly durations: readonly number[];
  }[];
  readonly loss: number;
  readonly gradients: Named;
}

type Section = Readonly<Record<string, number>>;

const REFERENCE = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../reference/frames/expected.json', import.meta.url)), 'utf8'),
) as {
  readonly model: Section;
  readonly frames: Section;
  readonly autoregressiveFrames: Section;
  readonly parallelFrames: Section;
  readonly vocabulary: number;
  readonly features: number;
  readonly loss: Section;
  readonly guidedAttention: { weight: number; sigma: number; layers: number; heads: number };
  readonly parts: {
    readonly convolution: Part;
    readonly prenet: Part & { readonly masks: readonly Stored[] };
    readonly postnet: Part;
    readonly durations: Part;
    readonly parallel: Part & { readonly durations: readonly (readonly number[])[] };
  };
  readonly losses: Readonly<Record<'autoregressive' | 'parallel', Whole>>;
};

function tensorOf(stored: Stored): HostTensor {
  const isDrawn = 'int16' in stored;
  const bytes = Buffer.from(isDrawn ? stored.int16 : stored.float32, 'base64');
  const at = (i: number): number => (isDrawn ? bytes.readInt16LE(2 * i) / 256 : bytes.readFloatLE(4 * i));
  return floats(
    Array.from({ length: sizeOf(stored.shape) }, (_, i) => at(i)),
    stored.shape,
  );
}

const tensorsOf = (named: Named): Record<string, HostTensor> =>
  Object.fromEntries(Object.entries(named).map(([name, stored]) => [name, tensorOf(stored)]));

const modelOf = (kind: 'autoregressive' | 'parallel') =>
  resolveModelConfig(
    speakingModelConfigSchema.parse({
      ...REFERENCE.model,
      dropout: 0,
      frames: {
        ...REFERENCE.frames,
        kind,
        postnetDropout: 0,
        ...(kind === 'parallel' ? REFERENCE.parallelFrames : REFERENCE.autoregressiveFrames),
      },
    }),
  );

/** Largest |ours − theirs| in relation to the largest of theirs, or to a number given where that is greater. */
function difference(ours: HostTensor, theirs: HostTensor, least: number): number {
  expect(ours.shape).toEqual(theirs.shape);
  const expected = Array.from(theirs.data);
  const size = Math.max(least, ...expected.map(Math.abs));
  return Math.max(...expected.map((x, i) => Math.abs(x - (ours.data[i] ?? Number.NaN)) / size));
}

/** Sequences one below the other, padded with a number; those that are no matrices get a width of 1. */
function padded(rows: readonly HostTensor[], filling: number): HostTensor {
  const width = rows[0]!.shape[1] ?? 1;
  const longest = Math.max(...rows.map(({ shape }) => shape[0]!));
  const result = new Float32Array(rows.length * longest * width).fill(filling);
  rows.forEach(({ data }, i) => {
    result.set(data as Float32Array, i * longest * width);
  });
  return floats(result, [rows.length, longest, width]);
}

/** The sequences out of a padded batch, as long and as wide as others. */
const unpadded = (batch: HostTensor, like: readonly HostTensor[]): HostTensor[] =>
  like.map(({ shape }, i) => {
    const from = (i * batch.data.length) / like.length;
    return floats(batch.data.slice(from, from + sizeOf(shape)), shape);
  });

const presence = (lengths: readonly number[]): HostTensor =>
  padded(
    lengths.map((length) => floats(new Float32Array(length).fill(1))),
    0,
  );

/** How a part is put on the engine. */
interface Run {
  readonly kind?: 'autoregressive' | 'parallel';
  /** What stands at the padding of the input. */
  readonly filling: number;
  readonly inputs?: Readonly<Record<string, HostTensor>>;
  /** @param x `[B, L, C]` @returns as many numbers as `dy` has */
  run(scope: Scope, x: Tensor, present: Tensor, inputs: Readonly<Record<string, Tensor>>): Tensor;
}

const { parts } = REFERENCE;
const masks = parts.prenet.masks.map(tensorOf);
const mask = padded(masks, 0);
const targetLengths = parts.parallel.durations.map((row) => row.reduce((a, b) => a + b, 0));
const targets = Math.max(...targetLengths);
const sources = Math.max(...parts.parallel.x.map(({ shape }) => shape[0]!));
const alignment = parts.parallel.durations.flatMap((row, i) => [...expandDurations(row, targets, i * sources)]);

const RUNS: Readonly<Record<keyof typeof parts, Run>> = {
  convolution: { filling: 0, run: (scope, x) => convolve(scope, 'layer', x, 5) },
  prenet: {
    filling: 9,
    inputs: { masks: floats(mask.data, [mask.shape[0]! * mask.shape[1]!, mask.shape[2]!]) },
    run: (scope, x, _present, { masks }) =>
      prenet({ ...scope, prenetMasks: masks as Tensor }, x, range(x.shape[1] as number)),
  },
  postnet: { filling: 9, run: (scope, x, present) => postnet(scope, x, present) },
  durations: {
    kind: 'parallel',
    filling: 9,
    run: (scope, x, present) => {
      const [batch, length, width] = x.shape as [number, number, number];
      return logDurations(scope, reshape(x, [batch * length, width]), present);
    },
  },
  parallel: {
    kind: 'parallel',
    filling: 9,
    inputs: {
      alignment: ints(alignment, [targetLengths.length, targets]),
      there: floats(presence(targetLengths).data, [targetLengths.length, targets]),
    },
    run: (scope, x, _present, { alignment, there }) => {
      const [batch, length, width] = x.shape as [number, number, number];
      return parallelStates(scope, reshape(x, [batch * length, width]), alignment as Tensor, there as Tensor);
    },
  },
};

/** `y` and the gradients of Σ dy·y, of a part. */
const partBody =
  (names: readonly string[], { kind = 'autoregressive', run }: Run) =>
  (inputs: Record<string, Tensor>): Record<string, Tensor> => {
    const { x, dy, present } = inputs as Record<'x' | 'dy' | 'present', Tensor>;
    const write = (input: Tensor, ...values: Tensor[]): Tensor => {
      const parameters = Object.fromEntries(names.map((name, i) => [name, values[i] as Tensor]));
      return reshape(run(createScope(modelOf(kind), parameters), input, present, inputs), dy.shape);
    };
    const values = names.map((name) => inputs[name] as Tensor);
    const loss = (input: Tensor, ...rest: Tensor[]) => sum(mul(write(input, ...rest), dy)) as never;
    const { grads } = valueAndGrads(loss)([x, ...values]);
    const gradients = ['x', ...names].map((name, i) => [`d ${name}`, grads[i] as Tensor]);
    return { y: write(x, ...values), ...Object.fromEntries(gradients) };
  };

describe.each(ENGINES)('what writes frames on %s', (engineName) => {
  const engine = useEngine(engineName);

  it.each(Object.keys(RUNS) as (keyof typeof RUNS)[])('agrees with PyTorch: %s', async (name) => {
    const part: Part = parts[name];
    const run = RUNS[name];
    const xs = part.x.map(tensorOf);
    const ys = part.y.map(tensorOf);
    const dy = padded(part.dy.map(tensorOf), 0);
    const x = padded(xs, run.filling);
    const inputs = {
      x,
      dy,
      present: floats(presence(xs.map(({ shape }) => shape[0]!)).data, x.shape.slice(0, 2)),
      ...run.inputs,
      ...tensorsOf(part.parameters),
    };
    const result = await evaluate(engine(), inputs, partBody(Object.keys(part.parameters), run));
    const pairs: [string, HostTensor, HostTensor][] = [
      ...unpadded(result.y!, ys).map((ours, i): [string, HostTensor, HostTensor] => [`y ${i}`, ours, ys[i]!]),
      ...unpadded(result['d x']!, xs).map((ours, i): [string, HostTensor, HostTensor] => [
        `dx ${i}`,
        ours,
        tensorOf(part.dx[i]!),
      ]),
      ...Object.entries(part.gradients).map(([parameter, gradient]): [string, HostTensor, HostTensor] => [
        parameter,
        result[`d ${parameter}`]!,
        tensorOf(gradient),
      ]),
    ];
    for (const [what, ours, theirs] of pairs) expect(difference(ours, theirs, 1), what).toBeLessThan(1e-5);
  });

  it.each(['autoregressive', 'parallel'] as const)('has the loss and the gradients of PyTorch: %s', async (kind) => {
    const { parameters, examples, loss, gradients } = REFERENCE.losses[kind];
    const model = modelOf(kind);
    const guided = kind === 'autoregressive' ? { guidedAttention: REFERENCE.guidedAttention } : {};
    const { setup } = frameSetup(model, { ...REFERENCE.loss, ...guided }, { source: REFERENCE.vocabulary });
    expect(Object.keys(parameters).toSorted()).toEqual(Object.keys(setup.parameters).toSorted());
    const given = examples.map((example) => exampleOf(example));
    const positions = given.reduce((total, { target }) => total + target.length, 0);
    await engine().write(tensorsOf(parameters));
    const executable = await engine().compile(gradientProgram(setup));
    const result = await executable.run(frameBatch(setup, given, 1 / positions));
    expect(Math.abs(result.loss!.data[0]! / loss - 1)).toBeLessThan(2e-6);
    // The bias of keys has a gradient of 0, of which there is only rounding.
    for (const [name, gradient] of Object.entries(gradients)) {
      expect(difference(result[name]!, tensorOf(gradient), 0.02), name).toBeLessThan(1e-5);
    }
  });
});

/** An example whose frames fill its last position up with zeros. */
function exampleOf({ source, target, durations }: Whole['examples'][number]): ModelExample {
  const { data, shape } = tensorOf(target);
  const [frames, features] = shape as [number, number];
  const reduction = REFERENCE.frames.reduction!;
  const length = Math.ceil(frames / reduction);
  const filled = new Float32Array(length * reduction * features);
  filled.set(data);
  const rows = new FrameSequence(length, reduction * features, async () => filled, filled);
  return {
    source: Int32Array.from(source),
    target: new FrameTarget(frames, reduction, rows),
    durations: Int32Array.from(durations),
  };
}
