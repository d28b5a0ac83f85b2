// Corpora that are a tree of folders: LibriSpeech, and audio files beside their transcripts.
import { extname, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { ManifestConfig } from './config.js';
import { eachLine, filesBelow } from './files.js';
import { keyAndRest } from './kaldi.js';
import { counted, dotted, type Manifest, type ManifestRow, rowOf } from './rows.js';

/** Extensions of audio files. */
const AUDIO = ['.wav', '.flac', '.mp3', '.ogg', '.oga', '.opus', '.sph', '.raw', '.pcm'];
/** Extensions of transcripts, the first that is there counting. */
const TRANSCRIPTS = ['.txt', '.lab'];
/** Transcripts read at the same time. */
const READ_AT_ONCE = 64;

const TRANS_FILE = /\.trans\.txt(\.gz)?$/;

const stemOf = (name: string): string => name.slice(0, name.length - extname(name).length);
const isAudio = (name: string): boolean => AUDIO.includes(extname(name).toLowerCase());

/** What the files of a tree, as paths from it, speak for. */
export function treeFormats(files: readonly string[]): ('librispeech' | 'folder')[] {
  const present = new Set(files);
  const audio = files.filter(isAudio);
  const librispeech = files.some((name) => TRANS_FILE.test(name));
  const beside = audio.some((name) => TRANSCRIPTS.some((extension) => present.has(stemOf(name) + extension)));
  const folder = beside || (audio.length > 0 && !librispeech);
  return [...(librispeech ? (['librispeech'] as const) : []), ...(folder ? (['folder'] as const) : [])];
}

/**
 * LibriSpeech: `speaker/chapter/speaker-chapter.trans.txt` with lines `id TEXT`, beside `id.flac` or `id.wav`; at any depth.
 * The speaker is what stands before the first `-` of an id. Audio without a transcript is counted in a warning.
 */
export async function readLibriSpeech({ manifest, extension }: ManifestConfig): Promise<Manifest> {
  const files = await filesBelow(manifest);
  const audio = new Set(files.filter(isAudio));
  const candidates = extension === undefined ? ['.flac', '.wav'] : [dotted(extension)];
  const rows: ManifestRow[] = [];
  for (const name of files.filter((file) => TRANS_FILE.test(file))) {
    const path = join(manifest, name);
    const folder = name.slice(0, name.lastIndexOf('/') + 1);
    await eachLine(path, (line, number) => {
      const [id, text] = keyAndRest(line);
      const names = candidates.map((candidate) => folder + id + candidate);
      // Where there is none, whoever reads the audio says so.
      const found = names.find((candidate) => audio.has(candidate)) ?? names[0] ?? id;
      audio.delete(found);
      const speaker = id.includes('-') ? id.slice(0, id.indexOf('-')) : undefined;
      rows.push(rowOf({ path: join(manifest, found) }, `${path}:${number}`, { id, text, speaker }));
    });
  }
  if (rows.length === 0) {
    throw new DataError(`${manifest}: expected \`speaker-chapter.trans.txt\` files below this folder, found none`, {
      missing: true,
    });
  }
  const left = [...audio].filter((name) => candidates.includes(extname(name)));
  return { rows, warnings: counted(left, (n) => `${n} audio files have no transcript and are not used`) };
}

/** The lines of a transcript as one text. */
async function readTranscript(path: string): Promise<string> {
  const lines: string[] = [];
  await eachLine(path, (line) => lines.push(line.trim()), 'skip');
  return lines.join(' ');
}

/**
 * Audio files, at any depth, beside transcripts of the same name in `.txt` or `.lab`, whose lines are joined by spaces; in the
 * order of the code points of their paths. Without `extension` all kinds of audio count.
 */
export async function readFolder({ manifest, extension }: ManifestConfig): Promise<Manifest> {
  const files = await filesBelow(manifest);
  const present = new Set(files);
  const wanted = extension === undefined ? AUDIO : [dotted(extension).toLowerCase()];
  const audio = files.filter((name) => wanted.includes(extname(name).toLowerCase()));
  if (audio.length === 0) {
    throw new DataError(`${manifest}: expected audio files (${wanted.join(', ')}) below this folder, found none`, {
      missing: true,
    });
  }
  const used = new Set<string>();
  const withoutText: string[] = [];
  const rows: ManifestRow[] = [];
  for (let first = 0; first < audio.length; first += READ_AT_ONCE) {
    const some = audio.slice(first, first + READ_AT_ONCE).map(async (name): Promise<ManifestRow> => {
      const path = join(manifest, name);
      const transcript = TRANSCRIPTS.map((ending) => stemOf(name) + ending).find((file) => present.has(file));
      if (transcript === undefined) withoutText.push(name);
      else used.add(transcript);
      return rowOf({ path }, path, { text: transcript && (await readTranscript(join(manifest, transcript))) });
    });
    rows.push(...(await Promise.all(some)));
  }
  const unused = files.filter((name) => TRANSCRIPTS.includes(extname(name)) && !used.has(name));
  // Of `x.txt` and `x.lab` only one is read, and the other is no mistake.
  const stems = new Set([...used].map(stemOf));
  return {
    rows,
    warnings: [
      ...counted(used.size > 0 ? withoutText : [], (n) => `${n} of ${rows.length} audio files have no transcript`),
      ...counted(
        unused.filter((name) => !stems.has(stemOf(name))),
        (n) => `${n} transcripts have no audio beside them and are not used`,
      ),
    ],
  };
}
