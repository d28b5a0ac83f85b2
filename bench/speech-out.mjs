// Models that write frames: training steps beside PyTorch, and speed of synthesis on one core.
//
//   npm run build && node bench/speech-out.mjs [--python PATH] [--threads N] [--rounds N] [--steps N] [--only training|synthesis] [--json FILE]
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { frameSizes } from '../dist/src/audio/config.js';
import { spectrogramFeatures } from '../dist/src/audio/synthesis/conventions.js';
import { createVocoder } from '../dist/src/audio/synthesis/vocoder.js';
import { FrameSequence, FrameTarget } from '../dist/src/data/sequences.js';
import { frameDecodingConfigSchema } from '../dist/src/decode/config.js';
import { FrameDecoder } from '../dist/src/decode/frames/decoder.js';
import { createEngine } from '../dist/src/engine/create.js';
import { resolveModelConfig, speakingModelConfigSchema } from '../dist/src/model/config.js';
import { initialParameters, parameterSpecs, parameterVariables } from '../dist/src/model/parameters.js';
import { Random } from '../dist/src/random.js';
import { DropoutSource, dropoutRates, largestMask, poolSize } from '../dist/src/train/dropout.js';
import { frameBatch } from '../dist/src/train/frame-batch.js';
import { trainingStep } from '../dist/src/train/programs.js';
import { initialVariables } from '../dist/src/train/state.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '4' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
if (options.only !== undefined && options.only !== 'training' && options.only !== 'synthesis') {
  throw new Error(`--only is training or synthesis, not ${options.only}`);
}
const [threads, rounds, steps] = ['threads', 'rounds', 'steps'].map((name) => {
  const number = Number(options[name]);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} is a whole number of 1 or more, not ${options[name]}`);
});

const CHARACTERS = 46;
const FEATURES = 80;
const RATE = 22_050;

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const note = (text) => process.stderr.write(`${text}\n`);
const scalar = (value) => ({ shape: [], data: Float32Array.of(value) });

/** Milliseconds that something takes, and what it resolves to. */
async function timed(run) {
  const begin = performance.now();
  const result = await run();
  return { ms: performance.now() - begin, result };
}

/** The model of tasks/text-to-speech/recipes/kerstin.yaml. */
const RECIPE = {
  modelDim: 192,
  feedForwardDim: 768,
  heads: 4,
  encoderLayers: 3,
  decoderLayers: 4,
  encoderBlock: 'conformer',
  convolutionKernel: 7,
  frames: { reduction: 3, prenetDim: 128, postnetChannels: 128 },
};
/** Characters and target positions of a batch of 11 that is nearly full, as batches by length are. */
const SIZES = Array.from({ length: 11 }, (_, row) => ({ characters: 70 - (row % 4), positions: 133 - row }));

const sourceOf = (random, characters) =>
  Int32Array.from({ length: characters }, () => 4 + random.integer(CHARACTERS - 4));

/** Prepares training steps. @returns a function that runs one and resolves to its milliseconds */
async function prepareTraining() {
  const model = resolveModelConfig(speakingModelConfigSchema.parse(RECIPE));
  const { reduction } = model.frames;
  const vocabulary = { source: CHARACTERS, target: { features: FEATURES } };
  const specs = parameterSpecs(model, vocabulary);
  const longest = Math.max(...SIZES.map(({ positions }) => positions));
  const mask = largestMask(model, SIZES.length * longest, longest, FEATURES);
  const setup = {
    model,
    vocabulary,
    parameters: parameterVariables(specs),
    labelSmoothing: 0,
    ctcWeight: 0,
    objective: {
      kind: 'frames',
      ...{ l1Weight: 1, l2Weight: 1, stopWeight: 1, stopPositiveWeight: 5, durationWeight: 1, scheduledPasses: 0 },
      guidedAttention: { weight: 2, sigma: 0.15, layers: 2, heads: 2 },
    },
    optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-9, weightDecay: 0, clipNorm: 1 },
    emaDecay: 0,
    poolSize: poolSize(mask),
  };
  const random = new Random(1, 'bench');
  const width = reduction * FEATURES;
  const examples = SIZES.map(({ characters, positions }) => {
    const data = Float32Array.from({ length: positions * width }, () => random.normal());
    const rows = new FrameSequence(positions, width, async () => data, data);
    return {
      source: sourceOf(random, characters),
      target: new FrameTarget(positions * reduction, reduction, rows),
    };
  });
  const total = SIZES.reduce((sum, { positions }) => sum + positions, 0);
  const batch = frameBatch(setup, examples, 1 / total);
  const dropout = new DropoutSource(1, dropoutRates(model), setup.poolSize, mask);
  const engine = await createEngine('onnxruntime', threads);
  await engine.write({ ...initialVariables(setup, specs, 1), ...dropout.pools(0) });
  const { ms: compileMs, result: executable } = await timed(() => engine.compile(trainingStep(setup)));
  let step = 0;
  const run = async () => {
    const inputs = {
      ...batch,
      dropoutOffsets: dropout.offsets(step),
      learningRate: scalar(1e-4),
      correction1: scalar(1 / (1 - 0.9 ** (step + 1))),
      correction2: scalar(1 / (1 - 0.98 ** (step + 1))),
    };
    const { ms, result } = await timed(() => executable.run(inputs, { patches: dropout.patches(step) }));
    step += 1;
    if (!Number.isFinite(result.loss.data[0])) throw new Error(`the loss became ${result.loss.data[0]}`);
    return ms;
  };
  const parameters = [...specs.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { run, engine, compileMs, parameters, frames: total * reduction };
}

/** PyTorch, which answers `step N` with the times of N steps. @param parameters that its model must have too */
function startPeer(parameters) {
  const script = fileURLToPath(new URL('peers/speech_out.py', import.meta.url));
  const sizes = SIZES.map(({ characters, positions }) => `${characters}x${positions}`);
  const child = spawn(
    options.python,
    [script, '--interactive', '--threads', `${threads}`, '--parameters', `${parameters}`, '--sizes', ...sizes],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.on('error', (error) => {
    throw new Error(`cannot start ${options.python}: ${error.message}`);
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async steps(n) {
      child.stdin.write(`step ${n}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the peer has ended; its message is above');
      return JSON.parse(value).ms;
    },
    stop: () => child.stdin.end('quit\n'),
  };
}

async function benchTraining() {
  const ours = await prepareTraining();
  const { parameters, frames, compileMs } = ours;
  note(`training step: ${parameters} parameters, ${SIZES.length} utterances, ${frames} frames, ${threads} threads`);
  const peer = options.python ? startPeer(parameters) : undefined;
  const contestants = {
    s2s: async (n) => {
      const list = [];
      for (let i = 0; i < n; i++) list.push(await ours.run());
      return list;
    },
    ...(peer ? { torch: peer.steps } : {}),
  };
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (const run of Object.values(contestants)) await run(3); // warm-up
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) times[name].push(...(await run(steps)));
    const soFar = Object.entries(times).map(([name, list]) => `${name} ${median(list).toFixed(0)} ms`);
    note(`  round ${round + 1}/${rounds}: ${soFar.join(', ')}`);
  }
  await ours.engine.dispose();
  peer?.stop();
  const result = { parameters, frames, compileMs, msPerStep: median(times.s2s) };
  if (!peer) return result;
  return { ...result, torchMsPerStep: median(times.torch), ratio: median(times.torch) / median(times.s2s) };
}

const SOURCE = 70;
const SECONDS = 5;
/** Two models of width 256 that write two frames at a time, of 3 + 3 layers. */
const SPEAKERS = { autoregressive: {}, parallel: { kind: 'parallel', durations: 'given' } };

/** Random parameters that never stop by themselves, or let every character last as long as makes it the seconds. */
function speakingParameters(specs, positions) {
  const parameters = initialParameters(specs, 1);
  const set = (name, value) => parameters[name]?.data.fill(value);
  set('output.stop.weight', 0);
  set('output.stop.bias', -20);
  set('duration.output.weight', 0);
  set('duration.output.bias', Math.log1p(positions / SOURCE));
  return parameters;
}

/** Seconds of sound a second, for batches of 1 and 8, with and without the vocoder. */
async function benchSynthesis(kind) {
  const config = spectrogramFeatures({ convention: 'tacotron2' });
  const { shift } = frameSizes(config);
  const vocode = await createVocoder(config, { seed: 1 });
  const frames = { reduction: 2, ...SPEAKERS[kind] };
  const model = resolveModelConfig(speakingModelConfigSchema.parse({ preset: 'small', frames }));
  const vocabulary = { source: CHARACTERS, target: { features: FEATURES } };
  const specs = parameterSpecs(model, vocabulary);
  const secondsPerFrame = shift / RATE;
  const positions = Math.floor(SECONDS / secondsPerFrame / 2);
  const engine = await createEngine('onnxruntime', 1);
  const constants = speakingParameters(specs, positions);
  const decoder = new FrameDecoder(
    engine,
    { config: model, parameters: parameterVariables(specs), vocabulary },
    { layers: 0, heads: 0 },
    secondsPerFrame,
    // As the command line decodes
    { constants },
  );
  const random = new Random(1, 'sources');
  const result = {};
  for (const batch of [1, 8]) {
    const sources = Array.from({ length: batch }, () => ({ source: sourceOf(random, SOURCE) }));
    const settings = frameDecodingConfigSchema.parse({ maxSeconds: SECONDS, batchSize: batch });
    const times = { frames: [], sound: [] };
    let seconds = 0;
    // The first round compiles and warms up.
    for (let round = 0; round <= rounds; round++) {
      const written = await timed(() => decoder.decode(sources, settings, { seed: 1, first: 0 }));
      const sounds = await timed(() => written.result.map(({ data, frames: count }) => vocode(loudness(data, count))));
      seconds = sounds.result.reduce((sum, sound) => sum + sound.length / RATE, 0);
      if (Math.abs(seconds / (batch * SECONDS) - 1) > 0.02) throw new Error(`${seconds} s of sound were written`);
      if (round === 0) continue;
      times.frames.push(written.ms);
      times.sound.push(written.ms + sounds.ms);
    }
    const speed = (list) => (seconds * 1000) / median(list);
    result[`batch ${batch}`] = { framesOnly: speed(times.frames), withVocoder: speed(times.sound) };
    note(`  ${kind}, batch ${batch}: ${median(times.frames).toFixed(0)} ms for ${seconds.toFixed(1)} s of sound`);
  }
  await decoder.dispose();
  await engine.dispose();
  return result;
}

/** What random weights write, brought to the mean and spread that log-mel spectrograms of speech have. */
function loudness(data, frames) {
  return { data: data.map((value) => -5 + 2 * Math.tanh(value)), frames, dim: FEATURES };
}

const report = { threads };
if (options.only !== 'synthesis') report.training = await benchTraining();
if (options.only !== 'training') {
  note(`synthesis of ${SECONDS} s from ${SOURCE} characters, width 256, 3 + 3 layers, one core`);
  report.synthesis = {};
  for (const kind of Object.keys(SPEAKERS)) report.synthesis[kind] = await benchSynthesis(kind);
}

const line = (name, text) => console.log(`${name.padEnd(38)}${text}`);
if (report.training) {
  const { msPerStep, frames, torchMsPerStep, ratio } = report.training;
  line('training, ms a step', `${msPerStep.toFixed(0)} (${((frames * 1000) / msPerStep).toFixed(0)} frames/s)`);
  if (torchMsPerStep) line('  PyTorch', `${torchMsPerStep.toFixed(0)}; s2s is ${ratio.toFixed(2)}× as fast`);
}
for (const [kind, batches] of Object.entries(report.synthesis ?? {})) {
  for (const [batch, { framesOnly, withVocoder }] of Object.entries(batches)) {
    line(`${kind}, ${batch}`, `${framesOnly.toFixed(1)} × real time, ${withVocoder.toFixed(1)} × with the vocoder`);
  }
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
