// Steps of different objectives side by side, from one trained run: `node bench/objectives.mjs RUN [--rounds N]`.
// Prints medians of wall and processor time a step, and their ratio to plain cross-entropy, taken in turns.
import { parseArgs } from 'node:util';
import { BatchStream } from '../dist/src/data/batches.js';
import { loadFrames } from '../dist/src/data/examples.js';
import { TransformerDecoder } from '../dist/src/decode/session.js';
import { createEngine } from '../dist/src/engine/create.js';
import { metricReward } from '../dist/src/metrics/sentence.js';
import { resolveModelConfig } from '../dist/src/model/config.js';
import { parameterSpecs, parameterVariables } from '../dist/src/model/parameters.js';
import { loadModel } from '../dist/src/run/model.js';
import { openRun } from '../dist/src/run/open.js';
import { EOS } from '../dist/src/text/special-tokens.js';
import { trainingConfigSchema } from '../dist/src/train/config.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../dist/src/train/dropout.js';
import { trueTargetBatches } from '../dist/src/train/objectives/batch-maker.js';
import { SampledBatches } from '../dist/src/train/objectives/sampled-batches.js';
import { objectiveSetup, sequenceConfig } from '../dist/src/train/objectives/settings.js';
import { initialVariables } from '../dist/src/train/state.js';
import { Stepper } from '../dist/src/train/stepper.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const run = await openRun(positionals[0]);
const { config, codec, task } = run;
const model = resolveModelConfig(config.model);
const { parameters } = await loadModel(run);
const specs = parameterSpecs(model, codec.vocabulary);

/** What is compared, as training sections. */
const OBJECTIVES = {
  'cross-entropy': {},
  'scheduled sampling, argmax': { scheduledSampling: { decay: 'linear', minimum: 0.75, steps: 1 } },
  'scheduled sampling, sampled': {
    scheduledSampling: { decay: 'linear', minimum: 0.75, steps: 1, prediction: 'sample' },
  },
  'scheduled sampling, soft': { scheduledSampling: { decay: 'linear', minimum: 0.75, steps: 1, prediction: 'soft' } },
  'R-Drop': { rDrop: 1 },
  'guided attention': { guidedAttention: { weight: 1 } },
  'REINFORCE, 5 samples': { objective: 'reinforce' },
  'minimum risk, 5 samples and the true target': { objective: 'minimum-risk' },
};

const corpus = await task.openCorpus(config, config.data.train, { cacheDir: '/tmp' });
const encode = (row, random) => codec.encodeRow(row, random);
const stream = new BatchStream(corpus, { encode, batching: config.batching, seed: 1, endId: EOS, load: loadFrames });
const batches = [];
for (let i = 0; i < Number(values.rounds) + 1; i++) batches.push((await stream.next()).examples);

async function prepare(section) {
  const training = trainingConfigSchema.parse({ ...section, learningRate: 1e-9, warmupSteps: 0 });
  const sequences = sequenceConfig(training);
  const used = sequences ? { ...model, dropout: 0, attentionDropout: 0, activationDropout: 0 } : model;
  const mask = largestMask(used, config.batching.maxTokens, 128);
  const setup = {
    model: used,
    parameters: parameterVariables(specs),
    vocabulary: codec.vocabulary,
    labelSmoothing: training.labelSmoothing,
    ctcWeight: 0,
    objective: objectiveSetup(training),
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
  };
  const engine = await createEngine('onnxruntime', Number(values.threads));
  await engine.write(initialVariables(setup, specs, 1, parameters));
  const dropout = new DropoutSource(1, dropoutRates(used), setup.poolSize, mask);
  await engine.write(dropout.pools(0));
  const maker = sequences
    ? new SampledBatches({
        config: sequences,
        seed: 1,
        decoder: new TransformerDecoder(engine, {
          config: used,
          parameters: setup.parameters,
          vocabulary: codec.vocabulary,
        }),
        text: (tokens) => codec.decodeOutput(tokens),
        reward: metricReward('bleu', config.evaluation),
        decoding: config.decoding,
      })
    : trueTargetBatches(training, 1, false);
  const stepper = await Stepper.create(engine, setup, training, dropout, maker);
  const times = [];
  return {
    times,
    async step(round) {
      const began = performance.now();
      const cpu = process.cpuUsage();
      const { seconds } = await stepper.run(round, [batches[round]]);
      const used = process.cpuUsage(cpu);
      if (round > 0) {
        const wall = (performance.now() - began) / 1000;
        times.push({ wall, cpu: (used.user + used.system) / 1e6, ...seconds });
      }
    },
    close: () => engine.dispose(),
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const names = Object.keys(OBJECTIVES).filter(
  (name) => !values.only || values.only.split(',').some((part) => name.includes(part)),
);
const runners = [];
for (const name of names) runners.push({ name, ...(await prepare(OBJECTIVES[name])) });
for (let round = 0; round < batches.length; round++) for (const runner of runners) await runner.step(round);
const results = runners.map(({ name, times }) => {
  const keys = [...new Set(times.flatMap((time) => Object.keys(time)))];
  return { name, ...Object.fromEntries(keys.map((key) => [key, median(times.map((time) => time[key]))])) };
});
const [first] = results;
for (const { name, wall, cpu, sampling, scoring } of results) {
  const split =
    sampling === undefined
      ? ''
      : `  (sampling ${sampling.toFixed(2)} s, scoring ${scoring.toFixed(2)} s, gradient ${(wall - sampling - scoring).toFixed(2)} s)`;
  console.log(
    `${name.padEnd(45)} ${wall.toFixed(2)} s  ${(wall / first.wall).toFixed(2)} ×   processor ${cpu.toFixed(2)} s  ${(cpu / first.cpu).toFixed(2)} ×${split}`,
  );
}
for (const { close } of runners) await close();
await corpus.close();
