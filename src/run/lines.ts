// Lines of text files, pipes and standard input: one after another, in groups, or of several files side by side.
import { type BigIntStats, createReadStream, fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { openInput } from '../data/files.js';
import { fileChunks, readLines } from '../data/lines.js';
import { DataError } from '../errors.js';
import { storageError } from '../storage/atomic.js';
import { cacheFolder } from './paths.js';

/** How long a pipe may be silent before the lines that have come are handed on, in ms. */
const PATIENCE = 100;

/** An open text. */
export interface LineInput {
  /** What messages call it. */
  readonly name: string;
  /** Whether its lines come as somebody writes them. */
  readonly streams: boolean;
  /** Its lines, by the rules of `readLines`. To be asked for once. */
  lines(): AsyncGenerator<string>;
  close(): Promise<void>;
}

/**
 * A text that is read as it comes.
 * @param open makes the stream, when its lines are asked for
 * @param signal ends the reading with its reason, even while nothing comes
 */
function streamInput(open: () => Readable, name: string, streams: boolean, signal?: AbortSignal): LineInput {
  return {
    name,
    streams,
    async *lines() {
      signal?.throwIfAborted();
      const stream = open();
      const stop = (): void => {
        stream.destroy(signal?.reason as Error);
      };
      signal?.addEventListener('abort', stop);
      try {
        yield* readLines(stream, name);
      } catch (error) {
        throw storageError(error, 'reading', name);
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    close: async () => undefined,
  };
}

/** What standard input is, where the system tells. */
function standardInputStats(): BigIntStats | undefined {
  try {
    // Not in plain numbers: Node would look at what they leave behind when it next resolves a module, and where that is
    // a pipe follow no links, such as pnpm's.
    return fstatSync(0, { bigint: true });
  } catch {
    return undefined;
  }
}

/**
 * Opens a file (gzip or plain), a pipe, or standard input for `-`.
 * @throws DataError (exit code 66) when there is no such file or it is a folder
 */
export async function openLines(path: string, signal?: AbortSignal): Promise<LineInput> {
  if (path === '-') {
    const stats = standardInputStats();
    if (stats?.isDirectory()) {
      throw new DataError('standard input: expected text, found a folder', { missing: true });
    }
    return streamInput(() => process.stdin, 'standard input', !stats?.isFile(), signal);
  }
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isFile() && !stats.isDirectory()) {
    return streamInput(() => createReadStream(path), path, true, signal);
  }
  const { name, handle } = await openInput(path, cacheFolder());
  return { name, streams: false, lines: () => readLines(fileChunks(handle), name), close: () => handle.close() };
}

/** Lines that are in memory. */
export function givenLines(name: string, lines: readonly string[]): LineInput {
  return {
    name,
    streams: false,
    async *lines() {
      yield* lines;
    },
    close: async () => undefined,
  };
}

/** Waits for a promise, but not for ever. @returns whether it has settled */
function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE);
    const done = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(done, done);
  });
}

/**
 * Groups of `most` lines, the last one smaller. Where lines come as somebody writes them, those that are there are handed
 * on as soon as nothing more comes for a moment, so that an answer does not wait for the end of the input.
 */
export async function* inGroups(input: LineInput, most: number): AsyncGenerator<string[]> {
  const lines = input.lines();
  let group: string[] = [];
  try {
    for (;;) {
      const next = lines.next();
      if (input.streams && group.length > 0 && !(await settlesSoon(next))) {
        yield group;
        group = [];
      }
      const { done, value } = await next;
      if (done) break;
      group.push(value);
      if (group.length === most) {
        yield group;
        group = [];
      }
    }
    if (group.length > 0) yield group;
  } finally {
    // Not awaited: where a line is still asked for, this takes effect once that has come.
    lines.return(undefined).catch(() => undefined);
  }
}

/**
 * Corresponding lines of several files.
 * @throws DataError naming two files and their line counts when they differ in length, or the file when it is empty
 */
export async function* parallelLines(paths: readonly string[]): AsyncGenerator<string[]> {
  const inputs: LineInput[] = [];
  try {
    for (const path of paths) inputs.push(await openLines(path));
    const readers = inputs.map((input) => input.lines());
    for (let count = 0; ; count++) {
      const items = await Promise.all(readers.map((reader) => reader.next()));
      const ended = items.findIndex((item) => item.done);
      if (ended < 0) {
        yield items.map((item) => item.value as string);
        continue;
      }
      const longer = items.findIndex((item) => !item.done);
      if (longer >= 0) {
        let total = count + 1;
        for await (const _line of readers[longer] as AsyncGenerator<string>) total += 1;
        throw new DataError(
          `${paths[ended]} has ${count} lines, but ${paths[longer]} has ${total}; they must correspond line by line`,
        );
      }
      if (count === 0) throw new DataError(`${paths[0]}: expected lines to score, found an empty file`);
      return;
    }
  } finally {
    for (const input of inputs) await input.close();
  }
}
