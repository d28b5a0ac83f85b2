// Writes manifests of the Asterisk core sounds, English speech to French speech: node asterisk.mjs SOUNDS_DIR OUT_DIR
//
// SOUNDS_DIR holds, at any depth, the folders `en_US_f_Allison` and `fr_CA_f_June` and the files `core-sounds-en.txt.gz` and
// `core-sounds-fr.txt.gz`: what `dpkg-deb -x` unpacks of Debian's packages asterisk-core-sounds-en-wav, asterisk-core-sounds-fr-wav,
// asterisk-core-sounds-en and asterisk-core-sounds-fr. A prompt has the same key in both voices. The split is that of the speech
// translation recipe, by a hash of the English text.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { find, MAX_SECONDS, PromptError, readPrompts, splitOf } from '../../speech-translation/recipes/asterisk.mjs';

/** Seconds of 16-bit samples at 8,000 Hz behind a header of 44 bytes. */
const secondsOf = (path) => (statSync(path).size - 44) / 16000;

function main([folder, out, ...rest]) {
  if (out === undefined || rest.length > 0) {
    console.error('asterisk.mjs: expected two arguments: node asterisk.mjs SOUNDS_DIR OUT_DIR');
    return 2;
  }
  if (!existsSync(folder)) throw new PromptError(`${folder}: there is no such folder; correct the path`);
  const french = find(folder, 'fr_CA_f_June');
  const rows = { train: [], valid: [], test: [] };
  const leftOut = { long: 0, unrecorded: 0 };
  for (const { key, audio, seconds, text, translation } of readPrompts(folder, true)) {
    const target = join(french, `${key}.wav`);
    if (!existsSync(target)) {
      leftOut.unrecorded++;
      continue;
    }
    if (Math.max(seconds, secondsOf(target)) > MAX_SECONDS) {
      leftOut.long++;
      continue;
    }
    const paths = [audio, target].map((path) => relative(resolve(out), resolve(path)).split(sep).join('/'));
    rows[splitOf(text)].push([...paths, text, translation].join('\t'));
  }
  mkdirSync(out, { recursive: true });
  for (const [split, lines] of Object.entries(rows)) {
    writeFileSync(join(out, `${split}.tsv`), `${['audio\ttarget\ttext\ttranslation', ...lines].join('\n')}\n`);
    console.log(`${split}.tsv: ${lines.length} prompts`);
  }
  console.log(
    `left out: ${leftOut.long} of more than ${MAX_SECONDS} seconds, ${leftOut.unrecorded} without a French recording`,
  );
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof PromptError)) throw error;
  console.error(`asterisk.mjs: ${error.message}`);
  process.exitCode = 66;
}
