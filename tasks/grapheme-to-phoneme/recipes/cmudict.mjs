// Splits the CMU Pronouncing Dictionary: node cmudict.mjs CMUDICT OUT_DIR
//
// CMUDICT is `cmudict.dict` of https://github.com/cmusphinx/cmudict, which may be gzip-compressed. There is no official split, so
// the SHA-256 hash of a word decides: of its first eight bytes, a number modulo 100, 0 to 4 is the test split, 5 to 9 the validation
// split, the rest is for training. All pronunciations of a word go the same way, and adding words to the dictionary moves none.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const fail = (message, code = 65) => {
  console.error(`cmudict.mjs: ${message}`);
  process.exit(code);
};

const [dictionary, out, ...rest] = process.argv.slice(2);
if (out === undefined || rest.length > 0) fail('expected two arguments: node cmudict.mjs CMUDICT OUT_DIR', 2);
if (!existsSync(dictionary)) fail(`${dictionary}: there is no such file; name cmudict.dict or cmudict.dict.gz`, 66);

const bytes = readFileSync(dictionary);
const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
const lines = (isGzip ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split(/\r?\n/);

/** The split of a word. */
function splitOf(word) {
  const percentile = Number(createHash('sha256').update(word).digest().readBigUInt64BE() % 100n);
  return percentile < 5 ? 'test' : percentile < 10 ? 'valid' : 'train';
}

const splits = { train: [], valid: [], test: [] };
const words = { train: new Set(), valid: new Set(), test: new Set() };
lines.forEach((line, i) => {
  if (line.trim() === '' || line.startsWith(';;;')) return;
  // `read(2)` is another pronunciation of `read`.
  const [, word] = /^(\S+?)(?:\(\d+\))?\s+\S/.exec(line) ?? [];
  if (word === undefined) fail(`${dictionary}:${i + 1}: expected a word and its phonemes, found ${line}`);
  const split = splitOf(word);
  splits[split].push(line);
  words[split].add(word);
});

mkdirSync(out, { recursive: true });
for (const [split, entries] of Object.entries(splits)) {
  writeFileSync(join(out, `${split}.dict`), `${entries.join('\n')}\n`);
  console.log(`${split}.dict: ${words[split].size} words, ${entries.length} pronunciations`);
}
