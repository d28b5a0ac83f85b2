// Time and memory of a big parallel corpus: node bench/corpus.mjs [lines=10000000] [folder]; run `npm run build` first.
// Generates the two files once (about 60 bytes a line each), opens them, reads two epochs of batches and prints the memory used.

import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchStream } from '../dist/src/data/batches.js';
import { batchingSchema } from '../dist/src/data/config.js';
import { openCorpus } from '../dist/src/data/corpus.js';
import { Random } from '../dist/src/random.js';

const lines = Number(process.argv[2] ?? 10_000_000);
const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), 's2s-bench-'));
const EPOCHS = 2;

/** Lines of 3 to 20 words of 2 to 7 letters, some of them not ASCII. */
async function generate(path, random) {
  const words = Array.from({ length: 5000 }, () =>
    Array.from({ length: 2 + random.integer(6) }, () => 'abcdefghijklmnopqrstuvwxyzäéж'[random.integer(29)]).join(''),
  );
  const out = createWriteStream(path);
  let text = '';
  for (let i = 0; i < lines; i++) {
    const length = 3 + random.integer(18);
    for (let k = 0; k < length; k++) text += `${k > 0 ? ' ' : ''}${words[random.integer(words.length)]}`;
    text += '\n';
    if (text.length > 1 << 20 || i === lines - 1) {
      if (!out.write(text)) await once(out, 'drain');
      text = '';
    }
  }
  out.end();
  await once(out, 'finish');
}

const rss = () => Math.round(process.memoryUsage.rss() / 1e6);
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

mkdirSync(folder, { recursive: true });
const split = { source: `lines-${lines}.src`, target: `lines-${lines}.tgt` };
for (const [i, file] of Object.values(split).entries()) {
  const path = join(folder, file);
  if (!existsSync(path)) await generate(path, new Random(1, 'bench', i));
}

let start = performance.now();
const corpus = await openCorpus(split, { baseDir: folder, cacheDir: folder });
console.log(`opened ${corpus.size} rows in ${seconds(start)} s, RSS ${rss()} MB`);

/** A stand-in for a tokenizer: one id a word. */
const ids = (text) => new Int32Array(text.split(' ').map((word) => word.length));
const options = {
  encode: (row) => ({ source: ids(row.source), target: ids(row.target) }),
  batching: batchingSchema.parse({}),
  seed: 1,
};
const stream = new BatchStream(corpus, options);
start = performance.now();
let peak = 0;
let real = 0;
let padded = 0;
for (let batches = 1, epochs = 0; epochs < EPOCHS; batches++) {
  const batch = await stream.next();
  for (const { source, target } of batch.examples) real += source.length + target.length;
  padded += batch.examples.length * (batch.sourceLength + batch.targetLength);
  if (batch.lastOfEpoch) epochs += 1;
  peak = Math.max(peak, rss());
  if (batch.lastOfEpoch || batches % 10000 === 0)
    console.log(`epoch ${batch.epoch}, ${batches} batches, ${seconds(start)} s, RSS ${rss()} MB (peak ${peak} MB)`);
}
console.log(`padding ${(100 * (1 - real / padded)).toFixed(1)} % of all tokens`);

start = performance.now();
const resumed = new BatchStream(corpus, options);
resumed.restore({ ...stream.state(), pool: 1, batchInPool: 3, batchInEpoch: 100 });
await resumed.next();
console.log(`restored to the first batch in ${seconds(start)} s`);
await corpus.close();
