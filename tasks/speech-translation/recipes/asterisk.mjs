// Writes manifests of the Asterisk core sounds, English speech to French text: node asterisk.mjs SOUNDS_DIR OUT_DIR
//
// SOUNDS_DIR holds, at any depth, the folder `en_US_f_Allison` and the files `core-sounds-en.txt.gz` and `core-sounds-fr.txt.gz`:
// what `dpkg-deb -x` unpacks of Debian's packages asterisk-core-sounds-en-wav, asterisk-core-sounds-en and asterisk-core-sounds-fr.
// Prompts are split 80/10/10 by a hash of their English text, so that a sentence recorded twice is in one split only.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** Longer prompts are left out: three, of 30 to 73 seconds. */
export const MAX_SECONDS = 30;

const SIGNS = {
  en: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'star', 'pound'],
  fr: ['zéro', 'un', 'deux', 'trois', 'quatre', 'cinq', 'six', 'sept', 'huit', 'neuf', 'étoile', 'dièse'],
};

/** Abbreviations that are spelt when read out; others, such as SIP, are read as words. */
const SPELT = /\b(?:IVR|MGCP|PBX|USB)\b/g;

/** Their French says something else: that the message has not been written yet, and the name of the abbreviation. */
const UNTRANSLATED = new Set(['demo-moreinfo', 'spy-iax2']);

export class PromptError extends Error {}

/** The path below `folder` of a file or folder of this name. */
export function find(folder, name) {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (path) => path === name || path.endsWith(`${sep}${name}`),
  );
  if (found === undefined) throw new PromptError(`${folder}: expected ${name} in it, found none; unpack it there`);
  return join(folder, found);
}

/** Texts by prompt: lines `key: text`; a semicolon begins a comment. */
function readTexts(path) {
  const texts = new Map();
  for (const line of gunzipSync(readFileSync(path))
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split('\n')) {
    const [, key, text] = /^([^;:]+):(.*)$/.exec(line) ?? [];
    if (key !== undefined) texts.set(key.trim(), text.trim());
  }
  return texts;
}

/** Whether a text is something that is said: `[tones]`, `(noise)` and `<beep>` are not. */
const isSpeech = (text) => text !== undefined && text !== '' && !/^[[(<].*[\])>]$/.test(text);

/** As it is said: lower case, without remarks and punctuation, single digits and the signs of a telephone in words. */
function spokenText(text, language) {
  return text
    .normalize('NFC')
    .replace(/[[(<][^\])>]*[\])>]/g, ' ')
    .replace(SPELT, (letters) => [...letters].join(' '))
    .replace(/(?<!\d)\d(?!\d)|[*#]/g, (sign) => ` ${SIGNS[language][{ '*': 10, '#': 11 }[sign] ?? Number(sign)]} `)
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(language === 'fr' ? /[^\p{L}\p{N}'-]+/gu : /[^\p{L}\p{N}']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])['-]+|['-]+(?![\p{L}\p{N}])/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/**
 * The prompts of a folder, in the order of their keys: path of the audio, length, text and, with `translated`, its French; then
 * only those that have one.
 */
export function readPrompts(folder, translated) {
  const voice = find(folder, 'en_US_f_Allison');
  const english = readTexts(find(folder, 'core-sounds-en.txt.gz'));
  const french = translated ? readTexts(find(folder, 'core-sounds-fr.txt.gz')) : undefined;
  return [...english]
    .map(([key, text]) => ({ key, text, audio: join(voice, `${key}.wav`), translation: french?.get(key) }))
    .filter(({ key, text, audio, translation }) => {
      if (key.startsWith('silence/') || !isSpeech(text) || !existsSync(audio)) return false;
      return french === undefined || (isSpeech(translation) && !UNTRANSLATED.has(key));
    })
    .map(({ key, text, audio, translation }) => ({
      key,
      audio,
      // 16-bit samples at 8,000 Hz behind a header of 44 bytes.
      seconds: (statSync(audio).size - 44) / 16000,
      text: spokenText(text, 'en'),
      ...(translation === undefined ? {} : { translation: spokenText(translation, 'fr') }),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Eight tenths of all texts are for training. */
export function splitOf(text) {
  const share = createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
  return share < 0.8 ? 'train' : share < 0.9 ? 'valid' : 'test';
}

function main([folder, out, ...rest]) {
  if (out === undefined || rest.length > 0) {
    console.error('asterisk.mjs: expected two arguments: node asterisk.mjs SOUNDS_DIR OUT_DIR');
    return 2;
  }
  if (!existsSync(folder)) throw new PromptError(`${folder}: there is no such folder; correct the path`);
  const prompts = readPrompts(folder, true);
  const rows = { train: [], valid: [], test: [] };
  let long = 0;
  for (const { audio, seconds, text, translation } of prompts) {
    if (seconds > MAX_SECONDS) {
      long++;
      continue;
    }
    const path = relative(resolve(out), resolve(audio)).split(sep).join('/');
    rows[splitOf(text)].push(`${path}\t${text}\t${translation}`);
  }
  mkdirSync(out, { recursive: true });
  for (const [split, lines] of Object.entries(rows)) {
    writeFileSync(join(out, `${split}.tsv`), `${['audio\ttext\ttranslation', ...lines].join('\n')}\n`);
    console.log(`${split}.tsv: ${lines.length} prompts`);
  }
  console.log(`left out: ${long} of more than ${MAX_SECONDS} seconds`);
  return 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof PromptError)) throw error;
    console.error(`asterisk.mjs: ${error.message}`);
    process.exitCode = 66;
  }
}
