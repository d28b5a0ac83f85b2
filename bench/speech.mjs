// Speech: training steps of 12 + 6 layers of width 256 on frames with a CTC loss, and the CTC loss with its gradient alone.
//
//   npm run build && node bench/speech.mjs [threads]
import { FrameSequence } from '../dist/src/data/sequences.js';
import { createEngine } from '../dist/src/engine/create.js';
import { ctcLoss } from '../dist/src/engine/fused/ctc.js';
import { valueAndGrads } from '../dist/src/engine/ops.js';
import { frameModelConfigSchema, resolveModelConfig } from '../dist/src/model/config.js';
import { parameterSpecs, parameterVariables } from '../dist/src/model/parameters.js';
import { Random } from '../dist/src/random.js';
import { tokenBatch } from '../dist/src/train/batch.js';
import { trainingStep } from '../dist/src/train/programs.js';
import { initialVariables } from '../dist/src/train/state.js';

const ROUNDS = 9;
const BATCH = 16;
const POSITIONS = 125;
const TOKENS = 30;
const CLASSES = 31;
const FEATURES = 80;

const engine = await createEngine('onnxruntime', Number(process.argv[2] ?? 2));
const random = new Random(1, 'bench');
const numbers = (count) => Float32Array.from({ length: count }, () => random.normal());
const scalar = (value) => ({ shape: [], data: Float32Array.of(value) });

/** Runs a function some times. @returns the median of its milliseconds, the first run aside */
async function median(run) {
  const times = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const begin = performance.now();
    await run(i);
    if (i > 0) times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[(ROUNDS - 1) / 2];
}

const examples = await Promise.all(
  Array.from({ length: BATCH }, async () => {
    const target = Int32Array.from({ length: TOKENS }, () => 4 + random.integer(CLASSES - 4));
    const data = numbers(POSITIONS * 4 * FEATURES);
    const source = await new FrameSequence(POSITIONS, 4 * FEATURES, async () => data).load();
    return { source, target, ctcTarget: target.subarray(0, -1) };
  }),
);
const batch = tokenBatch(examples, 1 / (BATCH * TOKENS));

const float = (...shape) => ({ shape, dtype: 'float32' });
const names = ['ctcLabels', 'ctcSkip', 'ctcFinal', 'ctcWeights'];
const alone = await engine.compile({
  name: 'ctc',
  variables: {},
  inputs: {
    logits: float('B', 'S', CLASSES),
    present: float('B', 'S'),
    ...{ ctcLabels: { shape: ['B', 'U'], dtype: 'int32' }, ctcSkip: float('B', 'U') },
    ...{ ctcFinal: float('B', 'U'), ctcWeights: float('B') },
  },
  body(_variables, { logits, present, ctcLabels: labels, ctcSkip: skip, ctcFinal: final, ctcWeights: weights }) {
    const loss = (x) => ctcLoss(x, present, { labels, skip, final, weights });
    const { value, grads } = valueAndGrads(loss)([logits]);
    return { outputs: { value, gradient: grads[0] } };
  },
});
const logits = numbers(BATCH * POSITIONS * CLASSES);
const ctcInputs = Object.fromEntries(names.map((name) => [name, batch[name]]));
const ctcMs = await median(() =>
  alone.run({
    ...ctcInputs,
    logits: { shape: [BATCH, POSITIONS, CLASSES], data: logits },
    present: { shape: [BATCH, POSITIONS], data: new Float32Array(BATCH * POSITIONS).fill(1) },
  }),
);
console.log(`CTC loss and gradient, ${BATCH} × ${POSITIONS} positions, ${CLASSES} classes: ${ctcMs.toFixed(1)} ms`);

const sizes = { modelDim: 256, feedForwardDim: 1024, heads: 4, encoderLayers: 12, decoderLayers: 6, dropout: 0 };
for (const encoderBlock of ['transformer', 'conformer']) {
  const model = resolveModelConfig(frameModelConfigSchema.parse({ ...sizes, encoderBlock }));
  const vocabulary = { source: { features: FEATURES }, target: CLASSES, ctc: CLASSES };
  const specs = parameterSpecs(model, vocabulary);
  const setup = {
    model,
    vocabulary,
    parameters: parameterVariables(specs),
    labelSmoothing: 0.1,
    ctcWeight: 0.3,
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: 0,
  };
  await engine.write(initialVariables(setup, specs, 1));
  const step = await engine.compile(trainingStep(setup));
  const corrections = (i) => ({
    correction1: scalar(1 / (1 - 0.9 ** (i + 1))),
    correction2: scalar(1 / (1 - 0.98 ** (i + 1))),
  });
  const ms = await median((i) => step.run({ ...batch, learningRate: scalar(1e-4), ...corrections(i) }));
  const rss = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  console.log(
    `${encoderBlock}, 12 + 6 × 256, ${BATCH * POSITIONS} positions: ${ms.toFixed(0)} ms a step, rss ${rss} MB`,
  );
  await step.dispose();
}
await engine.dispose();
