// Training and decoding leave nothing behind: tensors, variables and memory stay flat.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decodingConfigSchema } from '../../../src/decode/config.js';
import { generate } from '../../../src/decode/generate.js';
import { TransformerDecoder } from '../../../src/decode/session.js';
import { tf } from '../../../src/engine/tfjs.js';
import type { Engine } from '../../../src/engine/types.js';
import { trainingStep } from '../../../src/train/programs.js';
import { initialVariables } from '../../../src/train/state.js';
import { ENGINES, modelConfig, randomBatch, stepScalars, tinySetup, useEngine } from '../engine/support.js';

const { setup, specs, dropout, parameters } = tinySetup(
  modelConfig({ dropout: 0.1, encoderLayers: 1, decoderLayers: 1 }),
  { emaDecay: 0.9 },
);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Megabytes in use without garbage: of the process, or of what JavaScript holds for `cpu`, as V8 keeps room for more (Node 24: 150 MB). */
function megabytes({ name }: Engine): number {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return (name === 'cpu' ? heapUsed + external : rss) / 2 ** 20;
}

const held = (engine: Engine): number | undefined =>
  (engine as unknown as { store?: Map<string, unknown> }).store?.size;

describe.each(ENGINES)('memory of %s', (engineName) => {
  const engine = useEngine(engineName);
  // The tensors of the eager engine are counted, so that fewer steps tell as much.
  const steps = engineName === 'cpu' ? 120 : 300;

  it(`is flat over ${steps} training steps of different sizes`, async () => {
    await engine().write({ ...initialVariables(setup, specs, 3), ...dropout.pools(0) });
    const { run } = await engine().compile(trainingStep(setup));
    const step = (i: number) =>
      run(
        {
          ...randomBatch(1 + (i % 3), 1 + (i % 5), 1 + (i % 4), i),
          ...stepScalars(1e-3, i + 1),
          dropoutOffsets: dropout.offsets(i),
        },
        { patches: dropout.patches(i) },
      );
    const warmUp = steps / 5;
    for (let i = 0; i < warmUp; i++) await step(i);
    const tensors = tf.memory().numTensors;
    const variables = held(engine());
    const before = megabytes(engine());
    for (let i = warmUp; i < warmUp + steps; i++) await step(i);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(held(engine())).toBe(variables);
    expect(megabytes(engine()) - before).toBeLessThan(60);
  });

  it('is flat over batches that are decoded', async () => {
    const model = { config: setup.model, parameters: setup.parameters, vocabulary: setup.vocabulary };
    const decoder = new TransformerDecoder(engine(), model, { constants: parameters() });
    const config = decodingConfigSchema.parse({ beam: 2, maxLength: 4 });
    const decode = (i: number) =>
      generate(
        decoder,
        Array.from({ length: 1 + (i % 4) }, (_, k) => Int32Array.from({ length: 1 + ((i + k) % 3) }, () => 4)),
        config,
      );
    for (let i = 0; i < 8; i++) await decode(i);
    const tensors = tf.memory().numTensors;
    const variables = held(engine());
    const before = megabytes(engine());
    for (let i = 8; i < 48; i++) await decode(i);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(held(engine())).toBe(variables);
    expect(megabytes(engine()) - before).toBeLessThan(60);
    await decoder.dispose();
    // The caches go, what was there before stays.
    if (variables !== undefined) expect(held(engine())).toBeLessThan(variables);
  });
});
