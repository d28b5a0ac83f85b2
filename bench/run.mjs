// `npm run bench`: speed and memory at the reference size, beside PyTorch where a Python that has it is given.
//
//   npm run bench -- [--python PATH] [--compile] [--rounds N] [--steps N] [--long] [--json FILE]
//
// Rounds alternate between s2s, PyTorch and the machine's matrix-product peak, so that a machine whose speed drifts
// does not favour one of them. Run it on an idle machine.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureSpeed } from '../dist/src/engine/speed.js';
import { prepareDecoding } from './decode.mjs';
import { prepareStep, REFERENCE, REFERENCE_FLOP } from './step.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    compile: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '4' },
    long: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const steps = Number(options.steps);
const threads = 2;
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const note = (text) => process.stderr.write(`${text}\n`);

/** A PyTorch peer that answers `step N` with the times of N steps. */
function startPeer(script, args) {
  const child = spawn(options.python, [here(script), '--interactive', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async steps(n) {
      child.stdin.write(`step ${n}\n`);
      const { value } = await answers.next();
      return JSON.parse(value);
    },
    stop: () => child.stdin.end('quit\n'),
  };
}

/** Runs `ours` and the peers in alternating rounds. @returns the milliseconds of each contestant */
async function interleave(contestants) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (const run of Object.values(contestants)) await run(2); // warm-up
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) times[name].push(...(await run(steps)));
    note(
      `  round ${round + 1}/${rounds}: ${Object.entries(times)
        .map(([name, list]) => `${name} ${median(list).toFixed(0)}`)
        .join(', ')}`,
    );
  }
  return times;
}

const repeat = (run) => async (n) => {
  const list = [];
  for (let i = 0; i < n; i++) list.push(await run());
  return list;
};

/** Peak resident memory of a fresh process that runs the reference step. */
function stepMemory(count) {
  const script = `import { prepareStep } from ${JSON.stringify(new URL('./step.mjs', import.meta.url).href)};
const { run, engine } = await prepareStep(${threads});
const marks = [];
for (let i = 1; i <= ${count}; i++) { await run(); if (i % ${Math.max(1, Math.floor(count / 4))} === 0) marks.push(process.memoryUsage().rss); }
console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS * 1024, marks }));
await engine.dispose();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(output);
}

const report = {
  machine: {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  },
};

note('training step (d=256, ff 1024, 4 heads, 3+3 layers, V=8000, batch 96×32×32)');
const step = await prepareStep(threads);
const peers = {};
if (options.python) {
  peers.torch = startPeer('peers/torch_step.py', []);
  if (options.compile) peers.torchCompiled = startPeer('peers/torch_step.py', ['--compile']);
}
const training = await interleave({
  s2s: repeat(async () => (await step.run()).ms),
  ...Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, async (n) => (await peer.steps(n)).ms])),
  peak: async () => [(await measureSpeed('onnxruntime', threads, 1)).gflops],
});
await step.engine.dispose();
for (const peer of Object.values(peers)) peer.stop();
const tokens = REFERENCE.batch * REFERENCE.target;
const peak = median(training.peak);
const rate = (list) => (tokens * 1000) / median(list);
const gflops = REFERENCE_FLOP / (median(training.s2s) * 1e6);
report.training = {
  msPerStep: median(training.s2s),
  targetTokensPerSecond: rate(training.s2s),
  gflops,
  peakGflops: peak,
  shareOfPeak: gflops / peak,
  compileMs: step.compileMs,
  memory: stepMemory(12),
};
for (const name of Object.keys(peers)) {
  report.training[name] = {
    msPerStep: median(training[name]),
    targetTokensPerSecond: rate(training[name]),
    ratio: median(training[name]) / median(training.s2s),
  };
}

for (const [name, settings] of Object.entries({
  'beam 4, batch 32': { sentences: 32, beam: 4 },
  'greedy, batch 64': { sentences: 64, beam: 1 },
})) {
  note(`decoding, ${name} (32 tokens in, 32 out)`);
  const decoding = await prepareDecoding({ ...settings, threads });
  const args = ['--beam', String(settings.beam), '--sentences', String(settings.sentences)];
  const peer = options.python ? startPeer('peers/torch_decode.py', args) : undefined;
  const times = await interleave({
    s2s: repeat(decoding.run),
    ...(peer ? { torch: async (n) => (await peer.steps(n)).ms } : {}),
  });
  await decoding.engine.dispose();
  peer?.stop();
  const speed = (list) => (settings.sentences * 1000) / median(list);
  report[name] = { sentencesPerSecond: speed(times.s2s) };
  if (peer)
    report[name].torch = { sentencesPerSecond: speed(times.torch), ratio: speed(times.s2s) / speed(times.torch) };
}

note('s2s --help');
const cli = here('../dist/bin/s2s.js');
const help = [];
for (let i = 0; i < 11; i++) {
  const started = performance.now();
  execFileSync(process.execPath, [cli, '--help']);
  help.push(performance.now() - started);
}
report.helpMs = median(help);

if (options.long) {
  note('memory over 2,000 steps');
  report.memory2000 = stepMemory(2000);
}

const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));
report.version = version;
const { training: t } = report;
const rows = [
  ['training, target tokens/s', t.targetTokensPerSecond.toFixed(0)],
  ['  ms a step', t.msPerStep.toFixed(0)],
  ['  share of the matrix-product peak', `${(100 * t.shareOfPeak).toFixed(0)} % of ${t.peakGflops.toFixed(0)} GFLOPS`],
  ...Object.keys(peers).map((name) => [
    `  against ${name}`,
    `${t[name].ratio.toFixed(2)}× (${t[name].targetTokensPerSecond.toFixed(0)} tokens/s)`,
  ]),
  ['  compile once', `${t.compileMs.toFixed(0)} ms`],
  ['  peak memory', `${(t.memory.peak / 2 ** 20).toFixed(0)} MB`],
  ...['beam 4, batch 32', 'greedy, batch 64'].map((name) => [
    `decoding, ${name}`,
    `${report[name].sentencesPerSecond.toFixed(0)} sentences/s${report[name].torch ? `, ${report[name].torch.ratio.toFixed(2)}× PyTorch` : ''}`,
  ]),
  ['s2s --help', `${report.helpMs.toFixed(0)} ms`],
  ...(report.memory2000
    ? [['memory over 2,000 steps', report.memory2000.marks.map((x) => `${(x / 2 ** 20).toFixed(0)} MB`).join(' → ')]]
    : []),
];
for (const [name, value] of rows) console.log(`${name.padEnd(38)}${value}`);
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
