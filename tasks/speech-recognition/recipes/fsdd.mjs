// Writes manifests of the Free Spoken Digit Dataset, by its official split: node fsdd.mjs RECORDINGS_DIR OUT_DIR
//
// RECORDINGS_DIR holds `{digit}_{speaker}_{index}.wav` (github.com/Jakobovski/free-spoken-digit-dataset, folder `recordings`).
// Its README gives indices 0–4 to the test and the others to training; of those, indices 5 and 6 become the validation split.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

const fail = (message, code = 65) => {
  console.error(`fsdd.mjs: ${message}`);
  process.exit(code);
};

const [recordings, out, ...rest] = process.argv.slice(2);
if (out === undefined || rest.length > 0) fail('expected two arguments: node fsdd.mjs RECORDINGS_DIR OUT_DIR', 2);

let names = [];
try {
  names = readdirSync(recordings).filter((name) => name.endsWith('.wav'));
} catch (error) {
  fail(`${recordings}: expected the folder of the recordings, found none (${error.code}); correct the path`, 66);
}
if (names.length === 0) fail(`${recordings}: expected .wav files, found none; name the folder \`recordings\``, 66);

const splitOf = (index) => (index < 5 ? 'test' : index < 7 ? 'valid' : 'train');

const rows = { train: [], valid: [], test: [] };
const folder = relative(resolve(out), resolve(recordings)).split(sep).join('/');
for (const name of names.sort()) {
  const [, digit, speaker, index] = /^(\d)_([a-z]+)_(\d+)\.wav$/.exec(name) ?? [];
  if (digit === undefined) {
    fail(`${join(recordings, name)}: expected a name such as 7_jackson_32.wav; move other files elsewhere`);
  }
  const audio = folder === '' ? name : `${folder}/${name}`;
  rows[splitOf(Number(index))].push(`${audio}\t${WORDS[digit]}\t${speaker}`);
}

mkdirSync(out, { recursive: true });
for (const [split, lines] of Object.entries(rows)) {
  writeFileSync(join(out, `${split}.tsv`), `${['audio\ttext\tspeaker', ...lines].join('\n')}\n`);
  console.log(`${split}.tsv: ${lines.length} recordings`);
}
