// Writes manifests of the CMU AN4 corpus: node an4.mjs AN4_DIR OUT_DIR
//
// AN4_DIR holds `etc/an4_{train,test}.{fileids,transcription}` and, as `wav/` or `data/an4/wav/`, the .raw files (16,000 Hz,
// 16 bits; the sizes of both byte orders are the same: the configuration must name the one of the copy at hand). The test split
// is the official one. The validation split is the 100 training utterances whose ids have the lowest SHA-256 hashes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';

const VALID = 100;

const fail = (message, code = 65) => {
  console.error(`an4.mjs: ${message}`);
  process.exit(code);
};

const [corpus, out, ...rest] = process.argv.slice(2);
if (out === undefined || rest.length > 0) fail('expected two arguments: node an4.mjs AN4_DIR OUT_DIR', 2);

function readLines(path) {
  if (!existsSync(path)) fail(`${path}: there is no such file; name the folder that holds \`etc\` and the audio`, 66);
  return readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
}

const wav = ['wav', 'data/an4/wav'].map((folder) => join(corpus, folder)).find((folder) => existsSync(folder));
if (wav === undefined) fail(`${corpus}: expected a folder wav or data/an4/wav, found neither; unpack the audio`, 66);

/** Utterances of an official split. */
function readSplit(split) {
  const ids = readLines(join(corpus, 'etc', `an4_${split}.fileids`));
  const path = join(corpus, 'etc', `an4_${split}.transcription`);
  const transcripts = readLines(path);
  if (ids.length !== transcripts.length) {
    fail(
      `${path}: expected ${ids.length} lines, as there are ids, found ${transcripts.length}; fetch the corpus again`,
    );
  }
  return ids.map((id, i) => {
    // The training transcripts stand between <s> and </s>, those of the test do not.
    const [, text, name] = /^(?:<s>)?\s*(.*?)\s*(?:<\/s>)?\s*\((\S+)\)\s*$/.exec(transcripts[i]) ?? [];
    if (name !== basename(id)) {
      fail(`${path}:${i + 1}: expected a transcript that ends in (${basename(id)}), found ${transcripts[i]}`);
    }
    const file = join(wav, `${id}.raw`);
    if (!existsSync(file)) fail(`${file}: there is no such file; unpack the raw audio (not the sphere files)`, 66);
    const audio = relative(resolve(out), resolve(file)).split(sep).join('/');
    return { name, row: `${audio}\t${text}\t${id.split('/').at(-2)}` };
  });
}

const hash = ({ name }) => createHash('sha256').update(name).digest('hex');

const all = readSplit('train');
const valid = new Set([...all].sort((a, b) => (hash(a) < hash(b) ? -1 : 1)).slice(0, VALID));
const splits = {
  train: all.filter((utterance) => !valid.has(utterance)),
  valid: all.filter((utterance) => valid.has(utterance)),
  test: readSplit('test'),
};

mkdirSync(out, { recursive: true });
for (const [split, utterances] of Object.entries(splits)) {
  const lines = ['audio\ttext\tspeaker', ...utterances.map(({ row }) => row)];
  writeFileSync(join(out, `${split}.tsv`), `${lines.join('\n')}\n`);
  console.log(`${split}.tsv: ${utterances.length} utterances`);
}
