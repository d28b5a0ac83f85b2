// Training from frames to frames: both engines agree with CTC losses on the texts of both sides, which add up and heed padding.
import { describe, expect, it } from 'vitest';
import { ctcMinimumFrames } from '../../../src/data/ctc-targets.js';
import type { ModelExample } from '../../../src/data/examples.js';
import { FrameSequence } from '../../../src/data/sequences.js';
import { frameToFrameModelConfigSchema, resolveModelConfig } from '../../../src/model/config.js';
import { Random } from '../../../src/random.js';
import { frameBatch } from '../../../src/train/frame-batch.js';
import { frameValidationBatch, frameValidationProgram } from '../../../src/train/frame-validation.js';
import { gradientProgram } from '../../../src/train/programs.js';
import { largestDifference, useEngine } from '../engine/support.js';
import { frameExample, frameSetup, LOSS } from './frames-support.js';

/** Features of a source frame, and tokens of the two heads. */
const SOURCE = 5;
const TOKENS = { ctc: 6, targetText: 7 };
const WEIGHTS = { ctcWeight: 0.4, targetCtcWeight: 0.3 };

function setupOf(kind: 'autoregressive' | 'parallel', weights: Partial<typeof WEIGHTS> = WEIGHTS) {
  const section = frameToFrameModelConfigSchema.parse({
    ...{ modelDim: 8, feedForwardDim: 12, heads: 2, encoderLayers: 1, decoderLayers: 2, subsamplingChannels: 3 },
    ...{ encoderBlock: 'conformer', convolutionKernel: 3, dropout: 0.1 },
    frames: { kind, reduction: 2, postnetLayers: 2, postnetChannels: 6, postnetKernel: 3 },
  });
  const made = frameSetup(resolveModelConfig(section), {}, { source: { features: SOURCE }, ...TOKENS });
  return { ...made, setup: { ...made.setup, ...weights } };
}

/** Rows with frames on both sides; the second has no texts. @param lengths source positions, target frames */
function examplesOf(lengths: readonly (readonly [number, number])[], seed = 1): ModelExample[] {
  const random = new Random(seed, 'frames to frames');
  return lengths.map(([positions, frames], row) => {
    const example = frameExample(random, positions, frames, 2);
    const data = Float32Array.from({ length: positions * 4 * SOURCE }, () => random.normal());
    const source = new FrameSequence(positions, 4 * SOURCE, async () => data, data);
    const text = (count: number, tokens: number) =>
      Int32Array.from({ length: count }, () => 4 + random.integer(tokens - 4));
    return {
      ...example,
      source,
      ...(row === 1 ? {} : { ctcTarget: text(2, TOKENS.ctc), targetText: text(3, TOKENS.targetText) }),
    };
  });
}

describe('gradients of onnxruntime and cpu', () => {
  const onnx = useEngine('onnxruntime');
  const cpu = useEngine('cpu');

  it.each(['autoregressive', 'parallel'] as const)('agree with losses on both texts: %s', async (kind) => {
    const { setup, dropout, parameters } = setupOf(kind);
    const compiled = await Promise.all(
      [onnx(), cpu()].map(async (engine) => {
        await engine.write({ ...parameters(), ...dropout.pools(0) });
        return engine.compile(gradientProgram(setup));
      }),
    );
    // Texts of different lengths in batches of different sizes, from one compilation.
    for (const lengths of [
      [[6, 14] as const, [4, 5] as const, [8, 17] as const],
      [[7, 21] as const, [5, 16] as const],
    ]) {
      const inputs = { ...frameBatch(setup, examplesOf(lengths), 0.1), dropoutOffsets: dropout.offsets(0) };
      const [a, b] = await Promise.all(compiled.map((executable) => executable.run(inputs)));
      const size = Math.max(1, ...Object.values(a!).flatMap(({ data }) => Array.from(data, Math.abs)));
      expect(largestDifference(a!, b!) / size).toBeLessThan(5e-6);
      const names = Object.keys(a!).filter((name) => /(^|\.|:)(ctc|targetText)\.weight$/.test(name));
      expect(names.length).toBe(2);
      for (const name of names) expect(Math.max(...Array.from(a![name]!.data, Math.abs)), name).toBeGreaterThan(1e-4);
    }
  });
});

describe('the losses on texts', () => {
  const engine = useEngine('onnxruntime');

  async function sums(weights: Partial<typeof WEIGHTS>, examples: readonly ModelExample[]) {
    const { setup, parameters } = setupOf('autoregressive', weights);
    await engine().write(parameters());
    const executable = await engine().compile(frameValidationProgram(setup, LOSS));
    const batch = frameValidationBatch(setup, { examples, rows: examples.map((_, i) => i) }, 3);
    const results = await executable.run(batch);
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data[0]!]));
  }

  const lengths = [[6, 14] as const, [4, 5] as const, [8, 17] as const];

  it('are measured where they have a weight, and do not depend on what else is in a batch', async () => {
    const examples = examplesOf(lengths);
    const together = await sums(WEIGHTS, examples);
    const alone = await Promise.all([0, 2].map((row) => sums(WEIGHTS, [examples[row]!])));
    for (const name of ['ctc', 'targetCtc']) {
      expect(together[name]).toBeGreaterThan(1);
      expect(Number.isFinite(together[name])).toBe(true);
    }
    // The encoder sees no other row; the decoder's prenet draws by the number of a row, so only the first can be compared.
    expect(together.ctc).toBeCloseTo(alone[0]!.ctc! + alone[1]!.ctc!, 4);
    const none = await sums({ ctcWeight: 0, targetCtcWeight: 0 }, examples);
    expect(none).not.toHaveProperty('ctc');
    expect(none).not.toHaveProperty('targetCtc');
    expect(none.l1).toBeCloseTo(together.l1!, 4);
  });

  it('leave out a row without a text, or without room for it', async () => {
    const [first, second] = examplesOf(lengths) as [ModelExample, ModelExample];
    const longText = Int32Array.from({ length: 40 }, (_, i) => 4 + (i % 2));
    const noRoom = { ...second, targetText: longText, ctcTarget: longText };
    expect(ctcMinimumFrames(longText)).toBeGreaterThan(second.target.length);
    const without = await sums(WEIGHTS, [first, second]);
    const tooLong = await sums(WEIGHTS, [first, noRoom]);
    expect(tooLong.targetCtc).toBeCloseTo(without.targetCtc!, 4);
    expect(tooLong.ctc).toBeCloseTo(without.ctc!, 4);
  });
});
