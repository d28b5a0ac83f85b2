// Writes manifests of the Kerstin corpus (German, one speaker): node kerstin.mjs KERSTIN_DIR OUT_DIR
//
// KERSTIN_DIR holds `metadata.csv` (lines `id|text`) and the folder `wavs` with `<id>.flac`. Utterances are split by a hash of
// their text: 90 % for training, 5 % each for validation and test. Column `text` is the text as it is written, `spoken` the same in
// lower case without punctuation, as a recogniser writes it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

class CorpusError extends Error {}

/** The lines of metadata.csv as id and text. */
function readMetadata(folder) {
  const file = join(folder, 'metadata.csv');
  if (!existsSync(file)) throw new CorpusError(`${file}: there is no such file; unpack the corpus there`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const [id, text, ...rest] = line.split('|');
      if (text === undefined || rest.length > 0) {
        throw new CorpusError(`${file}:${i + 1}: expected \`id|text\`, found ${JSON.stringify(line)}`);
      }
      return { id, text: text.normalize('NFC').replace(/\s+/g, ' ').trim() };
    });
}

const spoken = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim();

/** Nine tenths of all texts are for training. */
function splitOf(text) {
  const share = createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
  return share < 0.9 ? 'train' : share < 0.95 ? 'valid' : 'test';
}

function main([folder, out, ...rest]) {
  if (out === undefined || rest.length > 0) {
    console.error('kerstin.mjs: expected two arguments: node kerstin.mjs KERSTIN_DIR OUT_DIR');
    return 2;
  }
  const rows = { train: [], valid: [], test: [] };
  for (const { id, text } of readMetadata(folder)) {
    const audio = join(folder, 'wavs', `${id}.flac`);
    if (!existsSync(audio)) throw new CorpusError(`${audio}: there is no such file; unpack wavs.tar into ${folder}`);
    const path = relative(resolve(out), resolve(audio)).split(sep).join('/');
    rows[splitOf(text)].push(`${path}\t${text}\t${spoken(text)}`);
  }
  mkdirSync(out, { recursive: true });
  for (const [split, lines] of Object.entries(rows)) {
    writeFileSync(join(out, `${split}.tsv`), `${['audio\ttext\tspoken', ...lines].join('\n')}\n`);
    console.log(`${split}.tsv: ${lines.length} utterances`);
  }
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CorpusError)) throw error;
  console.error(`kerstin.mjs: ${error.message}`);
  process.exitCode = 66;
}
