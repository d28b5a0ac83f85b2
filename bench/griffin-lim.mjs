// Griffin-Lim and the inverse of mel filters beside librosa, one thread each: `node bench/griffin-lim.mjs [--python PATH] [--rounds N] [--json FILE]`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { frameSizes } from '../dist/src/audio/config.js';
import { createFeatureExtractor } from '../dist/src/audio/features/extractor.js';
import { spectrogramFeatures } from '../dist/src/audio/synthesis/conventions.js';
import { createGriffinLim } from '../dist/src/audio/synthesis/griffin-lim.js';
import { createMelInverter } from '../dist/src/audio/synthesis/mel-inverter.js';
import { Random } from '../dist/src/random.js';

const { values: options } = parseArgs({
  options: { python: { type: 'string' }, rounds: { type: 'string', default: '7' }, json: { type: 'string' } },
});

const RATE = 22_050;
const SECONDS = 10;
const ITERATIONS = 60;

/** A gliding tone with overtones that comes and goes, in noise. */
function makeSound() {
  const random = new Random(1, 'sound');
  let phase = 0;
  return Float32Array.from({ length: RATE * SECONDS }, (_, n) => {
    const seconds = n / RATE;
    phase += (2 * Math.PI * 150 * (1 + 0.2 * Math.sin(3 * seconds))) / RATE;
    let value = 0;
    for (let k = 1; k <= 20; k++) value += Math.sin(k * phase) / k;
    return 0.1 * (1 + Math.sin(11 * seconds)) * value + 0.01 * (2 * random.uniform() - 1);
  });
}

/** Drives the peer, which makes sound of the magnitudes and answers with its seconds. */
function startPeer(python, folder, magnitudes, sizes) {
  const input = join(folder, 'magnitudes');
  const output = join(folder, 'sound');
  writeFileSync(input, magnitudes);
  const script = fileURLToPath(new URL('peers/griffin_lim.py', import.meta.url));
  const child = spawn(python, [script, input, ...sizes.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async time() {
      child.stdin.write(`${output}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the peer has ended; its message is above');
      const { buffer, byteOffset, byteLength } = readFileSync(output);
      return {
        seconds: JSON.parse(value).seconds,
        sound: new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)),
      };
    },
    stop: () => child.stdin.end(),
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Seconds that a function takes, and what it gives. */
function timed(run) {
  const started = performance.now();
  const result = run();
  return { seconds: (performance.now() - started) / 1000, result };
}

const config = spectrogramFeatures({ convention: 'tacotron2' });
const { length: windowLength, shift: hopLength } = frameSizes(config);
const { fftSize, framing } = config;
const invert = createMelInverter(config);
const sizes = { fftSize, hopLength, windowLength, framing, iterations: ITERATIONS, seed: 1 };
// Both begin with phases of 0, so that their sounds can be compared.
const vocode = await createGriffinLim({ ...sizes, initialPhase: 'zero' });
const extractor = await createFeatureExtractor(config);
const features = extractor.extract(makeSound());
const { magnitudes, frames } = invert(features);

/** Length of the difference of the spectrograms in relation to the length of that wanted, after the mel filters. */
function distance(sound) {
  const made = extractor.extract(sound);
  let [difference, size] = [0, 0];
  features.data.forEach((value, i) => {
    difference += (Math.exp(made.data[i]) - Math.exp(value)) ** 2;
    size += Math.exp(value) ** 2;
  });
  return Math.sqrt(difference / size);
}

const folder = mkdtempSync(join(tmpdir(), 's2s-bench-'));
const peer = options.python
  ? startPeer(options.python, folder, magnitudes, [frames, fftSize, hopLength, windowLength, ITERATIONS])
  : undefined;
const times = { inverse: [], ours: [], librosa: [] };
const report = { seconds: SECONDS, iterations: ITERATIONS };
try {
  console.log(`${SECONDS} s of sound at ${RATE} Hz, ${frames} frames, ${ITERATIONS} iterations, one thread`);
  // The first round warms both up.
  for (let round = 0; round <= Number(options.rounds); round++) {
    const inverse = timed(() => invert(features));
    const ours = timed(() => vocode(magnitudes, frames));
    const theirs = await peer?.time();
    if (round === 0) {
      report.melDistance = distance(ours.result);
      if (theirs) report.librosaMelDistance = distance(theirs.sound);
      continue;
    }
    times.inverse.push(inverse.seconds);
    times.ours.push(ours.seconds);
    if (theirs) times.librosa.push(theirs.seconds);
  }
} finally {
  peer?.stop();
  rmSync(folder, { recursive: true, force: true });
}
const rate = (list) => SECONDS / median(list);
report.inverseTimesRealTime = rate(times.inverse);
report.timesRealTime = rate(times.ours);
console.log(`mel filters undone   ${rate(times.inverse).toFixed(0)} × real time`);
console.log(`Griffin-Lim          ${rate(times.ours).toFixed(1)} × real time`);
console.log(`distance of its mel spectrogram ${report.melDistance.toFixed(4)}`);
if (peer) {
  report.librosaTimesRealTime = rate(times.librosa);
  report.ratio = median(times.librosa) / median(times.ours);
  console.log(
    `librosa              ${rate(times.librosa).toFixed(1)} × real time, ratio ${report.ratio.toFixed(2)}, ` +
      `distance ${report.librosaMelDistance.toFixed(4)}`,
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
