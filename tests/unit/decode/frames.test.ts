// Writing frames: stepwise equals teacher forcing on its own outputs, batches change nothing, windows and limits hold.
import { describe, expect, it } from 'vitest';
import { FrameSequence, FrameTarget } from '../../../src/data/sequences.js';
import { frameDecodingConfigSchema } from '../../../src/decode/config.js';
import { FrameDecoder } from '../../../src/decode/frames/decoder.js';
import { expandDurations, prenetMasks, scaledDurations } from '../../../src/decode/frames/inputs.js';
import { reshape, type Tensor } from '../../../src/engine/ops.js';
import { createScope } from '../../../src/model/scope.js';
import { Random } from '../../../src/random.js';
import { frameBatch, frameInputs } from '../../../src/train/frame-batch.js';
import { writtenFrames } from '../../../src/train/objectives/frames.js';
import { ENGINES, useEngine } from '../engine/support.js';
import { FEATURES, frameExamples, frameModel, frameSetup } from '../train/frames-support.js';

const WALKING = { layers: 1, heads: 1 };
const settings = (section: object = {}) =>
  frameDecodingConfigSchema.parse({ maxSeconds: 0.24, maxFramesPerPosition: 1, stopThreshold: 0.999, ...section });
const ORIGIN = { seed: 9, first: 4 };

type Frames = Parameters<typeof frameModel>;
const KINDS: Readonly<Record<string, { frames?: Frames[0]; model?: Frames[1] }>> = {
  softmax: {},
  'location-aware': { model: { crossAttention: 'location-aware' } },
  monotonic: { model: { crossAttention: 'monotonic' } },
  'rotary, three frames, no postnet': { frames: { reduction: 3, postnetLayers: 0 }, model: { positions: 'rotary' } },
  parallel: { frames: { kind: 'parallel' } },
};

describe.each(ENGINES)('writing frames on %s', (name) => {
  const engine = useEngine(name);

  it.each(Object.entries(KINDS))(
    'equals the whole model on its own outputs, alone and in any batch: %s',
    async (kind, { frames, model }) => {
      const { setup, parameters } = frameSetup(frameModel(frames, model), {}, { speakers: 3 });
      const { reduction } = setup.model.frames!;
      const examples = frameExamples(
        [
          [4, 6],
          [9, 6],
          [6, 6],
        ],
        reduction,
      );
      const decoder = new FrameDecoder(
        engine(),
        { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary },
        WALKING,
        0.01,
        { constants: parameters() },
      );
      const sources = examples.map(({ source, speaker }) => ({ source, speaker }));
      const together = await decoder.decode(sources, settings(), ORIGIN);
      const single = await decoder.decode(sources, settings({ batchSize: 1 }), ORIGIN);
      together.forEach((output, i) => {
        expect(output.frames).toBe(single[i]!.frames);
        expect(farthest(output.data, single[i]!.data)).toBeLessThan(1e-5);
      });

      // The same outputs by the program that is trained, given what was written as if it were true.
      await engine().write(parameters());
      const executable = await engine().compile({
        name: 'written',
        variables: setup.parameters,
        inputs: { ...frameInputs(setup), masks: { shape: ['B', 'T', 16], dtype: 'float32' } },
        body(variables, inputs) {
          const [batch, length, width] = (inputs.masks as Tensor).shape as [number, number, number];
          const scope = createScope(setup.model, variables);
          const prenet = { prenetMasks: reshape(inputs.masks as Tensor, [batch * length, width]), isHard: true };
          return { outputs: { after: writtenFrames({ ...scope, ...prenet }, inputs).after } };
        },
      });
      for (const [i, { data, frames: count, durations }] of together.entries()) {
        const length = count / reduction;
        const raw = await beforePostnet(decoder, sources[i]!, i);
        const rows = new FrameSequence(length, reduction * FEATURES, async () => raw, raw);
        const target = new FrameTarget(count, reduction, rows);
        const example = { ...examples[i]!, target, ...(durations ? { durations } : {}) };
        const masks = prenetMasks(setup.model, [new Random(ORIGIN.seed, 'prenet', ORIGIN.first + i)], length);
        const inputs = { ...frameBatch(setup, [example], 1), masks: { shape: [1, length, 16], data: masks } };
        const { after } = await executable.run(inputs);
        expect(farthest(after!.data as Float32Array, data), `${kind} ${i}`).toBeLessThan(2e-5);
      }

      /** What the decoder feeds back is what stands before the postnet: made by a model without one. */
      async function beforePostnet(
        _whole: FrameDecoder,
        source: (typeof sources)[0],
        i: number,
      ): Promise<Float32Array> {
        const plain = frameSetup(frameModel({ ...frames, postnetLayers: 0 }, model), {}, { speakers: 3 });
        const bare = new FrameDecoder(
          engine(),
          { config: plain.setup.model, parameters: plain.setup.parameters, vocabulary: plain.setup.vocabulary },
          WALKING,
          0.01,
          { constants: Object.fromEntries(Object.entries(parameters()).filter(([n]) => n in plain.setup.parameters)) },
        );
        const [written] = await bare.decode([source], settings(), { ...ORIGIN, first: ORIGIN.first + i });
        await bare.dispose();
        return written!.data;
      }
    },
  );
});

function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe('writing frames', () => {
  const engine = useEngine('onnxruntime');
  const decoderOf = (frames: object = {}, change: (name: string, data: Float32Array) => void = () => undefined) => {
    const { setup, parameters } = frameSetup(frameModel({ ...frames }));
    const own = parameters();
    for (const [name, { data }] of Object.entries(own)) change(name, data as Float32Array);
    const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
    return new FrameDecoder(engine(), model, WALKING, 0.01, { constants: own });
  };
  const [source] = frameExamples([[8, 4]], 2).map((example) => ({ source: example.source }));

  it('ends where the model says so, and is cut at the limit where it does not', async () => {
    const stops = decoderOf({}, (name, data) => name === 'output.stop.bias' && data.fill(20));
    const [stopped] = await stops.decode([source!], settings(), ORIGIN);
    expect(stopped).toMatchObject({ frames: 2, finished: true });
    const never = decoderOf({}, (name, data) => name === 'output.stop.bias' && data.fill(-20));
    const [cut] = await never.decode([source!], settings(), ORIGIN);
    // 0.24 s of 0.01 s each, two at a time.
    expect(cut).toMatchObject({ frames: 24, finished: false });
    expect(cut!.attention!.length).toBe(12 * 8);
    const [short] = await never.decode([source!], settings({ maxSeconds: 0.061 }), ORIGIN);
    expect(short!.frames).toBe(6);
  });

  it('goes on past the room that the caches have at first', async () => {
    const never = decoderOf({}, (name, data) => name === 'output.stop.bias' && data.fill(-20));
    const [long] = await never.decode([source!], settings({ maxSeconds: 4, maxFramesPerPosition: 100 }), ORIGIN);
    const [short] = await never.decode([source!], settings(), ORIGIN);
    expect(long!.frames).toBe(400);
    expect(farthest(long!.data.slice(0, 20 * FEATURES), short!.data.slice(0, 20 * FEATURES))).toBeLessThan(1e-5);
  });

  it('keeps the walking heads within a window around where they looked last', async () => {
    const never = decoderOf({}, (name, data) => name === 'output.stop.bias' && data.fill(-20));
    const [free] = await never.decode([source!], settings(), ORIGIN);
    const [bound] = await never.decode([source!], settings({ window: { back: 0, ahead: 1 } }), ORIGIN);
    expect(bound!.attention).not.toEqual(free!.attention);
    let center = 0;
    for (let t = 0; t < 12; t++) {
      const weights = [...bound!.attention!.slice(t * 8, (t + 1) * 8)];
      weights.forEach((weight, s) => {
        if (s < center || s > center + 1) expect(weight).toBe(0);
      });
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      center = weights.indexOf(Math.max(...weights));
    }
  });

  it('is twice as long at half the speed', async () => {
    const slow = decoderOf({ kind: 'parallel' }, (name, data) => name === 'duration.output.bias' && data.fill(1.3));
    const wide = { maxSeconds: 30, maxFramesPerPosition: 100 };
    const [usual] = await slow.decode([source!], settings(wide), ORIGIN);
    const [half] = await slow.decode([source!], settings({ ...wide, speed: 0.5 }), ORIGIN);
    expect(half!.frames / usual!.frames).toBeCloseTo(2, 1);
    expect(half!.frames).toBe(2 * half!.durations!.reduce((a, b) => a + b));
  });
});

describe('durations', () => {
  it('are rounded so that their sum stays right', () => {
    const logs = Float32Array.from([1.4, 0.6, 2.3, 1.5], Math.log1p);
    expect([...scaledDurations(logs, 1, 100)]).toEqual([1, 1, 2, 2]);
    expect(scaledDurations(logs, 2, 100).reduce((a, b) => a + b)).toBe(3);
    expect([...scaledDurations(logs, 1, 3)]).toEqual([1, 1, 1, 0]);
    expect([...scaledDurations(Float32Array.of(-5, -5), 1, 9)]).toEqual([1, 0]);
  });

  it('say which source position each target position belongs to', () => {
    expect([...expandDurations([2, 0, 1], 4, 10)]).toEqual([10, 10, 12, 10]);
  });
});
