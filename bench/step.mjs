// The reference training step: d=256, ff 1024, 4 heads, 3+3 layers, V=8000, batch 96×32×32, dropout .1, label smoothing .1, clipping, Adam.
import { createEngine } from '../dist/src/engine/create.js';
import { modelConfigSchema, resolveModelConfig } from '../dist/src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../dist/src/model/parameters.js';
import { Random } from '../dist/src/random.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../dist/src/train/dropout.js';
import { firstMoment, secondMoment } from '../dist/src/train/optimizer.js';
import { trainingStep } from '../dist/src/train/programs.js';

/** Batch, source and target length, vocabulary of the reference step. */
export const REFERENCE = { batch: 96, source: 32, target: 32, vocabulary: 8000 };

/** Floating-point operations of one reference step: forward and backward of every matrix product. */
export const REFERENCE_FLOP = 142e9;

/** Prepares the reference step. @returns a function that runs it once and resolves to its milliseconds and loss */
export async function prepareStep(threads = 2) {
  const model = resolveModelConfig(
    modelConfigSchema.parse({ preset: 'small', dropout: 0.1, attentionDropout: 0.1, activationDropout: 0.1 }),
  );
  const sizes = { source: REFERENCE.vocabulary, target: REFERENCE.vocabulary };
  const specs = parameterSpecs(model, sizes);
  const { batch, source, target, vocabulary } = REFERENCE;
  const mask = largestMask(model, batch * target, target);
  const setup = {
    model,
    parameters: parameterVariables(specs),
    vocabulary: sizes,
    ctcWeight: 0,
    labelSmoothing: 0.1,
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
  };
  const dropout = new DropoutSource(1, dropoutRates(model), setup.poolSize, mask);
  const engine = await createEngine('onnxruntime', threads);
  const parameters = initialParameters(specs, 1);
  const zeros = Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { shape, data }]) =>
      [firstMoment(name), secondMoment(name)].map((moment) => [moment, { shape, data: new Float32Array(data.length) }]),
    ),
  );
  await engine.write({ ...parameters, ...zeros, ...dropout.pools(0) });
  const started = performance.now();
  const executable = await engine.compile(trainingStep(setup));
  const compileMs = performance.now() - started;
  const random = new Random(1, 'batch');
  const ids = (length) => ({
    shape: [batch, length],
    data: Int32Array.from({ length: batch * length }, () => 4 + random.integer(vocabulary - 4)),
  });
  const inputs = {
    source: ids(source),
    targetInput: ids(target),
    targetOutput: ids(target),
    weights: { shape: [batch, target], data: new Float32Array(batch * target).fill(1 / (batch * target)) },
  };
  const scalar = (value) => ({ shape: [], data: Float32Array.of(value) });
  let step = 0;
  const run = async () => {
    const begin = performance.now();
    const result = await executable.run(
      {
        ...inputs,
        dropoutOffsets: dropout.offsets(step),
        learningRate: scalar(1e-3),
        correction1: scalar(1 / (1 - 0.9 ** (step + 1))),
        correction2: scalar(1 / (1 - 0.98 ** (step + 1))),
      },
      { patches: dropout.patches(step) },
    );
    step += 1;
    return { ms: performance.now() - begin, loss: result.loss.data[0], norm: result.norm.data[0] };
  };
  return { run, compileMs, engine };
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { run, compileMs, engine } = await prepareStep();
  const times = [];
  for (let i = 0; i < 10; i++) {
    const { ms, loss, norm } = await run();
    times.push(ms);
    console.log(i, ms.toFixed(0), loss, norm);
  }
  times.sort((a, b) => a - b);
  const rss = process.memoryUsage().rss / 2 ** 20;
  console.log(
    `compile ${compileMs.toFixed(0)} ms, best ${times[0].toFixed(0)}, median ${times[5].toFixed(0)} ms, rss ${rss.toFixed(0)} MB`,
  );
  await engine.dispose();
}
