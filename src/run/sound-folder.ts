// Where spoken lines go: a folder of WAV files with a manifest, which appears under its name only when it is complete.
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { encodeWav } from '../audio/synthesis/wav-out.js';
import { DataError } from '../errors.js';
import { errorCode } from '../storage/atomic.js';
import { npyBytes } from '../storage/npy.js';
import type { SpokenLine } from './sound-decoder.js';

/** What a manifest says of a line. */
interface ManifestEntry {
  /** Empty where nothing was said. */
  readonly audio: string;
  readonly text: string;
  readonly seconds: number;
  readonly finished: boolean;
  readonly mel?: string;
}

/** An open folder. */
export interface SoundFolder {
  /** Adds the next line's sound. @returns samples that were too loud and were cut */
  add(line: SpokenLine, text: string): Promise<number>;
  /** Writes the manifest and gives the folder its name. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

/** Tabs and line breaks would break a line of the manifest. */
const cell = (text: string): string => text.replace(/[\t\r\n]+/g, ' ');

/**
 * Opens a folder for `0001.wav`, `0002.wav`, … and `manifest.tsv` with the columns audio, text, seconds and finished.
 * @param path that must not exist, or be an empty folder
 * @param withMels whether each sound gets its natural-log mel spectrogram beside it, as NumPy's `.npy` `[frames, bins]`
 * @param lineColumn what the column of the lines is called: `source` where they name audio
 * @throws DataError, here and from every method, when it cannot be written
 */
export async function openSoundFolder(
  path: string,
  sampleRate: number,
  withMels: boolean,
  lineColumn: 'text' | 'source' = 'text',
): Promise<SoundFolder> {
  const target = resolve(path);
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (error instanceof DataError) throw error;
      const reason =
        errorCode(error) === 'ENOENT' ? 'the folder it is to be in does not exist; create it' : String(error);
      throw new DataError(`${path}: cannot be written: ${reason}`, { cause: error });
    }
  };
  const present = await readdir(target).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new DataError(`${path}: expected a folder for sounds, found something else; choose another name`);
  });
  if (present && present.length > 0) {
    throw new DataError(`${path}: the folder is not empty; choose another name, or remove it`);
  }
  const work = join(dirname(target), `.${basename(target)}.${process.pid}.s2s-tmp`);
  await attempt(() => mkdir(work));
  const entries: ManifestEntry[] = [];
  return {
    add: (line, text) =>
      attempt(async () => {
        const name = String(entries.length + 1).padStart(4, '0');
        const { samples, logMel, finished } = line;
        const seconds = samples.length / sampleRate;
        if (samples.length === 0) {
          entries.push({ audio: '', text, seconds: 0, finished: true });
          return 0;
        }
        const { bytes, clipped } = encodeWav(samples, sampleRate);
        await writeFile(join(work, `${name}.wav`), bytes);
        const mel = withMels ? { mel: `${name}.npy` } : {};
        if (withMels) await writeFile(join(work, `${name}.npy`), npyBytes(logMel.data, [logMel.frames, logMel.dim]));
        entries.push({ audio: `${name}.wav`, text, seconds, finished, ...mel });
        return clipped;
      }),
    finish: () =>
      attempt(async () => {
        const heading = ['audio', lineColumn, 'seconds', 'finished', ...(withMels ? ['mel'] : [])];
        const rows = entries.map(({ audio, text, seconds, finished, mel = '' }) =>
          [audio, cell(text), seconds.toFixed(3), String(finished), ...(withMels ? [mel] : [])].join('\t'),
        );
        await writeFile(join(work, 'manifest.tsv'), `${[heading.join('\t'), ...rows].join('\n')}\n`);
        if (present) await rmdir(target);
        await rename(work, target);
      }),
    abandon: () => rm(work, { recursive: true, force: true }),
  };
}
