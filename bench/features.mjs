// Acoustic features beside torchaudio, one thread each: `node bench/features.mjs [--python PATH] [--rounds N] [--json FILE]`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { featuresConfigSchema } from '../dist/src/audio/config.js';
import { createFeatureExtractor } from '../dist/src/audio/features/extractor.js';
import { Random } from '../dist/src/random.js';

const { values: options } = parseArgs({
  options: { python: { type: 'string' }, rounds: { type: 'string', default: '7' }, json: { type: 'string' } },
});

const RATE = 16_000;

/** What is timed: our configuration; `peers/features.py` knows the same names. */
const WORK = {
  fbank: { numMelBins: 80 },
  mfcc: { kind: 'mfcc', numMelBins: 23 },
  whisper: { kind: 'logMel', lowFreq: 0, numMelBins: 80, log: 'whisper' },
  deltas: { numMelBins: 80, deltas: 1 },
};

/** Twenty utterances of 2 to 15 seconds: gliding tones that come and go, in noise, as 16-bit samples. */
function makeUtterances() {
  const random = new Random(1, 'features');
  return Array.from({ length: 20 }, () => {
    const length = Math.round(RATE * (2 + 13 * random.uniform()));
    const base = 100 + 100 * random.uniform();
    let phase = 0;
    return Float32Array.from({ length }, (_, n) => {
      const seconds = n / RATE;
      phase += (2 * Math.PI * base * (1 + 0.2 * Math.sin(3 * seconds))) / RATE;
      let value = 0;
      for (let k = 1; k <= 12; k++) value += Math.sin(k * phase) / k;
      const loudness = 0.15 * (1 + Math.sin(11 * seconds));
      return Math.round(32768 * (loudness * value + 0.01 * (2 * random.uniform() - 1))) / 32768;
    });
  });
}

/** Drives the peer, which reads `NAME FILE` lines, writes its features to the file and answers with its seconds. */
function startPeer(python, folder, utterances) {
  const paths = utterances.map((samples, i) => {
    const path = join(folder, `${i}.f32`);
    writeFileSync(path, samples);
    return path;
  });
  const script = fileURLToPath(new URL('peers/features.py', import.meta.url));
  const child = spawn(python, [script, ...paths], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async time(name) {
      const file = join(folder, 'features');
      child.stdin.write(`${name} ${file}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the peer has ended; its message is above');
      const { buffer, byteOffset, byteLength } = readFileSync(file);
      const features = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      return { seconds: JSON.parse(value).seconds, features };
    },
    stop: () => child.stdin.end(),
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Largest difference of our features from the peer's. */
function distance(ours, theirs) {
  const count = ours.reduce((sum, { data }) => sum + data.length, 0);
  if (count !== theirs.length) throw new Error(`${count} numbers here, ${theirs.length} there`);
  let at = 0;
  let largest = 0;
  for (const { data } of ours) for (const value of data) largest = Math.max(largest, Math.abs(value - theirs[at++]));
  return largest;
}

const utterances = makeUtterances();
const audioSeconds = utterances.reduce((sum, { length }) => sum + length, 0) / RATE;
const folder = mkdtempSync(join(tmpdir(), 's2s-bench-'));
const peer = options.python ? startPeer(options.python, folder, utterances) : undefined;
const report = { audioSeconds };
try {
  console.log(`${utterances.length} utterances, ${audioSeconds.toFixed(0)} s of sound at ${RATE} Hz, one thread`);
  for (const [name, section] of Object.entries(WORK)) {
    const extractor = await createFeatureExtractor(featuresConfigSchema.parse(section));
    const times = { ours: [], python: [] };
    let difference = 0;
    // The first round warms both up.
    for (let round = 0; round <= Number(options.rounds); round++) {
      const started = performance.now();
      const features = utterances.map((samples) => extractor.extract(samples));
      const seconds = (performance.now() - started) / 1000;
      const theirs = await peer?.time(name);
      if (theirs) difference = Math.max(difference, distance(features, theirs.features));
      if (round === 0) continue;
      times.ours.push(seconds);
      if (theirs) times.python.push(theirs.seconds);
    }
    const rate = (list) => Math.round(audioSeconds / median(list));
    report[name] = { timesRealTime: rate(times.ours) };
    const line = [`${name.padEnd(9)}${String(rate(times.ours)).padStart(6)} × real time`];
    if (peer) {
      const ratio = median(times.python) / median(times.ours);
      Object.assign(report[name], { pythonTimesRealTime: rate(times.python), ratio, difference });
      line.push(
        `torchaudio ${rate(times.python)} ×`,
        `ratio ${ratio.toFixed(2)}`,
        `largest difference ${difference.toExponential(1)}`,
      );
    }
    console.log(line.join(', '));
  }
} finally {
  peer?.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
