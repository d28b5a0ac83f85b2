// Metrics beside Python's sacreBLEU: `node bench/metrics.mjs [--python PATH] [--rounds N] [--json FILE]`, in interleaved rounds.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BLEU, CHRF, TER } from 'sacrebleu-ts';
import { createScorer } from '../dist/src/metrics/metric.js';
import { Random } from '../dist/src/random.js';

const { values: options } = parseArgs({
  options: { python: { type: 'string' }, rounds: { type: 'string', default: '3' }, json: { type: 'string' } },
});

/** Words in a Zipf-like distribution, and outputs as far from their references as a system's are. */
function makeCorpus(count) {
  const random = new Random(1, 'corpus');
  const letters = 'etaoinshrdlucmfwypvbgkjqxz';
  const vocabulary = Array.from({ length: 20000 }, () =>
    Array.from({ length: 2 + random.integer(8) }, () => letters[Math.floor(26 * random.uniform() ** 2)]).join(''),
  );
  const word = () => vocabulary[Math.floor(20000 * random.uniform() ** 4)];
  const references = [];
  const hypotheses = [];
  for (let i = 0; i < count; i++) {
    const words = Array.from({ length: 10 + random.integer(17) }, word);
    const others = words.map((each) => (random.uniform() < 0.3 ? word() : each));
    // A phrase that stands elsewhere, as word orders differ.
    if (random.uniform() < 0.5) others.push(...others.splice(random.integer(5), 3));
    references.push(`${words.join(' ')}.`);
    hypotheses.push(`${others.join(' ')}.`);
  }
  return { hypotheses, references };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const corpus = makeCorpus(100_000);

/** Ours: name → seconds and score on the first `count` lines. */
const ours = {
  bleu: (h, r) => new BLEU({ force: true }).corpusScore(h, [r]).score,
  chrf: (h, r) => new CHRF().corpusScore(h, [r]).score,
  'chrf++': (h, r) => new CHRF({ wordOrder: 2 }).corpusScore(h, [r]).score,
  ter: (h, r) => new TER().corpusScore(h, [r]).score,
  'sentence-bleu': (h, r) => {
    const bleu = new BLEU({ force: true, effectiveOrder: true });
    return h.reduce((sum, text, i) => sum + bleu.sentenceScore(text, [r[i]]).score, 0);
  },
};

let peer;
const folder = mkdtempSync(join(tmpdir(), 's2s-bench-'));
if (options.python) {
  for (const [name, lines] of Object.entries(corpus)) writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  const script = fileURLToPath(new URL('peers/sacrebleu_score.py', import.meta.url));
  const files = [join(folder, 'hypotheses'), join(folder, 'references')];
  const child = spawn(options.python, [script, ...files], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  peer = {
    async time(name, count) {
      child.stdin.write(`${name} ${count}\n`);
      return JSON.parse((await answers.next()).value);
    },
    stop: () => child.stdin.end(),
  };
}

const report = {};
const counts = { bleu: 100_000, chrf: 100_000, 'chrf++': 100_000, ter: 10_000, 'sentence-bleu': 20_000 };
for (const [name, count] of Object.entries(counts)) {
  const [h, r] = [corpus.hypotheses.slice(0, count), corpus.references.slice(0, count)];
  const times = { ours: [], python: [] };
  let difference = 0;
  for (let round = 0; round < Number(options.rounds); round++) {
    const started = performance.now();
    const score = ours[name](h, r);
    times.ours.push((performance.now() - started) / 1000);
    if (peer) {
      const { seconds, score: theirs } = await peer.time(name, count);
      times.python.push(seconds);
      difference = Math.max(difference, Math.abs(theirs - score));
    }
  }
  const rate = (list) => Math.round(count / median(list));
  report[name] = { segments: count, segmentsPerSecond: rate(times.ours) };
  const line = [`${name.padEnd(14)}${String(count).padStart(7)} segments: ${rate(times.ours)} a second`];
  if (peer) {
    Object.assign(report[name], {
      pythonSegmentsPerSecond: rate(times.python),
      ratio: median(times.python) / median(times.ours),
      difference,
    });
    line.push(
      `Python ${rate(times.python)}`,
      `${report[name].ratio.toFixed(1)}×`,
      `difference ${difference.toExponential(1)}`,
    );
  }
  console.log(line.join(', '));
}
peer?.stop();
rmSync(folder, { recursive: true, force: true });

// 3,000 utterances of some eighty characters, as a test set of speech recognition has.
const utterances = corpus.references.slice(0, 3000).map((line) => line.slice(0, 80));
const errors = corpus.hypotheses.slice(0, 3000).map((line) => line.slice(0, 80));
const seconds = [];
for (let round = 0; round < 5; round++) {
  const scorer = createScorer(['cer'], { tokenize: '13a', lowercase: false });
  const started = performance.now();
  utterances.forEach((line, i) => {
    scorer.add(errors[i], [line]);
  });
  scorer.results();
  seconds.push((performance.now() - started) / 1000);
}
report.cer = { utterances: 3000, seconds: median(seconds), first: seconds[0] };
console.log(
  `cer           3000 utterances of 80 characters: ${median(seconds).toFixed(3)} s (first time ${seconds[0].toFixed(3)} s)`,
);
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
