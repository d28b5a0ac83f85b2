// Corpora in folders: Kaldi, LibriSpeech, Sphinx, and audio files beside their transcripts.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { AudioSegment } from '../types.js';
import type { ManifestConfig } from './config.js';
import { times } from './line.js';
import { type Line, type ManifestRow, placed, readLines } from './rows.js';

/** Extensions of audio files. */
const AUDIO = ['.wav', '.flac', '.mp3', '.ogg', '.oga', '.sph', '.raw', '.pcm'];

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** `key rest` lines of a Kaldi file by key. @throws DataError for a key that stands twice */
async function keyed(path: string): Promise<Map<string, Line>> {
  const result = new Map<string, Line>();
  for (const { text, number } of await readLines(path)) {
    const [, key, rest = ''] = /^(\S+)(?:\s+(.*?))?\s*$/.exec(text) ?? [];
    if (key === undefined)
      throw new DataError(`${path}:${number}: expected an id and a value, found ${JSON.stringify(text)}`);
    if (result.has(key)) throw new DataError(`${path}:${number}: ${key} stands twice; remove one of the lines`);
    result.set(key, { text: rest, number });
  }
  return result;
}

/** A Kaldi data folder: `wav.scp`, `text`, optional `segments` and `utt2spk`. */
export async function readKaldi({ manifest, audioDir }: ManifestConfig): Promise<ManifestRow[]> {
  const at = (name: string): string => join(manifest, name);
  const files = await keyed(at('wav.scp'));
  const optional = async (name: string) => ((await exists(at(name))) ? keyed(at(name)) : new Map<string, Line>());
  const [segments, texts, speakers] = [await optional('segments'), await optional('text'), await optional('utt2spk')];
  const audioOf = (recording: string, from: string): string => {
    const file = files.get(recording);
    if (!file) throw new DataError(`${from}: expected a recording of wav.scp, found ${recording}`);
    if (file.text.endsWith('|')) {
      throw new DataError(
        `${at('wav.scp')}:${file.number}: expected the path of an audio file, found a command (${file.text}); commands are ` +
          'not run: write the audio to files and name those',
      );
    }
    return placed(audioDir ?? manifest, file.text);
  };
  const utterances: [string, AudioSegment, string][] =
    segments.size > 0
      ? [...segments].map(([id, { text, number }]) => {
          const origin = `${at('segments')}:${number}`;
          const [recording = '', start, end] = text.split(/\s+/);
          const stop = end !== undefined && Number(end) < 0 ? undefined : end;
          return [id, { path: audioOf(recording, origin), ...times(start, stop, origin) }, origin];
        })
      : [...files].map(([id, { number }]) => [id, { path: audioOf(id, '') }, `${at('wav.scp')}:${number}`]);
  const known = new Set(utterances.map(([id]) => id));
  for (const [id, { number }] of texts) {
    if (!known.has(id)) throw new DataError(`${at('text')}:${number}: there is no utterance ${id}`);
  }
  return utterances.map(([id, audio, origin]) => {
    const text = texts.get(id);
    const speaker = speakers.get(id)?.text;
    return { audio, id, origin, ...(text ? { text: text.text } : {}), ...(speaker ? { speaker } : {}) };
  });
}

/** All files below a folder, in the order of their code points. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const lists = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    }),
  );
  return lists.flat();
}

/** A LibriSpeech tree: `speaker/chapter/speaker-chapter.trans.txt` beside the audio. */
export async function readLibriSpeech({ manifest }: ManifestConfig): Promise<ManifestRow[]> {
  const files = await filesBelow(manifest);
  const present = new Set(files);
  const rows: ManifestRow[] = [];
  for (const file of files.filter((name) => name.endsWith('.trans.txt'))) {
    for (const { text, number } of await readLines(file)) {
      const [, id, words = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
      const origin = `${file}:${number}`;
      if (id === undefined)
        throw new DataError(`${origin}: expected an id and a transcript, found ${JSON.stringify(text)}`);
      const base = join(dirname(file), id);
      const path = ['.flac', '.wav'].map((extension) => base + extension).find((name) => present.has(name));
      if (path === undefined) {
        throw new DataError(`${origin}: expected ${base}.flac or .wav, found neither`, { missing: true });
      }
      rows.push({ audio: { path }, id, text: words, speaker: id.split('-')[0] as string, origin });
    }
  }
  return rows;
}

/** Audio files beside `.txt` or `.lab` files of the same name. */
export async function readFolder({ manifest, extension }: ManifestConfig): Promise<ManifestRow[]> {
  const files = await filesBelow(manifest);
  const present = new Set(files);
  const wanted = extension === undefined ? AUDIO : [`.${extension.replace(/^\./, '')}`];
  const rows: ManifestRow[] = [];
  for (const path of files.filter((name) => wanted.includes(extname(name).toLowerCase()))) {
    const base = path.slice(0, -extname(path).length);
    const transcript = [`${base}.txt`, `${base}.lab`].find((name) => present.has(name));
    const text = transcript && (await readLines(transcript)).map((line) => line.text.trim()).join(' ');
    rows.push({ audio: { path }, id: basename(base), origin: path, ...(text === undefined ? {} : { text }) });
  }
  if (rows.length === 0) {
    throw new DataError(`${manifest}: expected audio files (${wanted.join(', ')}), found none`, { missing: true });
  }
  return rows;
}

/** CMU Sphinx: `X.fileids` beside `X.transcription` with lines `<s> WORDS </s> (id)`. */
export async function readSphinx({ manifest, audioDir, extension = 'raw' }: ManifestConfig): Promise<ManifestRow[]> {
  const transcripts = manifest.replace(/\.fileids$/, '.transcription');
  const [ids, texts] = [await readLines(manifest), await readLines(transcripts)];
  if (ids.length !== texts.length) {
    throw new DataError(
      `expected as many lines in ${manifest} as in ${transcripts}, found ${ids.length} and ${texts.length}`,
    );
  }
  return ids.map(({ text: file, number }, i) => {
    const line = texts[i] as Line;
    const origin = `${transcripts}:${line.number}`;
    const [, words, id] = /^(?:<s>\s)?\s*(.*?)\s*(?:<\/s>\s*)?\((\S+)\)\s*$/.exec(line.text) ?? [];
    if (words === undefined || id === undefined || basename(file) !== id) {
      throw new DataError(
        `${origin}: expected a transcript that ends in (${basename(file)}), as ${manifest}:${number} has it`,
      );
    }
    const path = placed(audioDir ?? dirname(manifest), `${file}.${extension.replace(/^\./, '')}`);
    return { audio: { path }, id, text: words, speaker: basename(dirname(file)), origin };
  });
}
