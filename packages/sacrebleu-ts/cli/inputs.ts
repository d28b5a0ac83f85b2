// The command's files: lines of references and of systems' outputs.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { trimEnd } from 'sacrebleu-ts';
import { type Arguments, UsageError } from './arguments.js';

/** A file that cannot be used; the message names it. */
export class InputError extends Error {
  /** Whether the file is not there at all. */
  readonly missing: boolean;

  constructor(message: string, { missing = false }: { missing?: boolean } = {}) {
    super(message);
    this.missing = missing;
  }
}

/** A system's outputs. */
export interface NamedSystem {
  readonly name: string;
  readonly hypotheses: readonly string[];
}

/** @throws InputError when there is no such file, or it is not UTF-8 */
function readText(file: string): string {
  const name = file === '-' ? 'standard input' : file;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
    if (file.endsWith('.gz')) bytes = gunzipSync(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new InputError(`${name}: no such file`, { missing: true });
    if (code === 'EISDIR') throw new InputError(`${name}: expected a file, found a folder`, { missing: true });
    throw new InputError(`${name}: cannot be read: ${(error as Error).message}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
    throw new InputError(
      `${name}:${line}: expected text in UTF-8, found bytes that are not; convert the file to UTF-8`,
    );
  }
}

function readLines(file: string): string[] {
  const lines = readText(file).split('\n');
  if (lines.at(-1) === '') lines.pop();
  // As sacreBLEU does when it reads files.
  return lines.map(trimEnd);
}

/** Reference streams. @throws InputError, or UsageError when files and `--num-refs` do not go together */
export function readReferences({ references, numRefs = 1 }: Arguments): string[][] {
  if (references.length === 0) throw new UsageError('expected at least one reference file; put it before -i');
  if (numRefs < 1) throw new UsageError('--num-refs: expected at least 1, found 0');
  if (numRefs === 1) return references.map(readLines);
  const [file, ...others] = references as [string, ...string[]];
  if (others.length > 0) {
    throw new UsageError(
      `--num-refs ${numRefs}: expected one file with references separated by tabs, found ${references.length}`,
    );
  }
  const streams = Array.from({ length: numRefs }, (): string[] => []);
  readLines(file).forEach((line, i) => {
    const parts = line.split('\t');
    // What a further tab separates belongs to the last reference.
    const fields = [
      ...parts.slice(0, numRefs - 1),
      ...(parts.length >= numRefs ? [parts.slice(numRefs - 1).join('\t')] : []),
    ];
    if (fields.length !== numRefs) {
      throw new InputError(
        `${file}:${i + 1}: expected ${numRefs} references separated by tabs, found ${fields.length}`,
      );
    }
    for (const [k, field] of fields.entries()) (streams[k] as string[]).push(field);
  });
  return streams;
}

/** Systems, from files or from the columns of standard input. @throws InputError, or UsageError for a file given twice */
export function readSystems({ input, pairedAr, pairedBs }: Arguments, warn: (text: string) => void): NamedSystem[] {
  const paired = pairedAr ?? pairedBs ?? false;
  if (input === undefined) {
    const rows = readLines('-').map((line) => line.split('\t'));
    const count = rows[0]?.length ?? 1;
    const uneven = rows.findIndex((row) => row.length !== count);
    if (uneven >= 0) {
      throw new InputError(
        `standard input:${uneven + 1}: expected ${count} systems separated by tabs as in line 1, found ${rows[uneven]?.length}`,
      );
    }
    const name = (i: number): string => (paired ? (i === 0 ? 'Baseline' : `System ${i}`) : `System ${i + 1}`);
    return Array.from({ length: count }, (_, i) => ({
      name: name(i),
      hypotheses: rows.map((row) => trimEnd(row[i] as string)),
    }));
  }
  const files = input.filter((file, i) => {
    if (input.indexOf(file) === i) return true;
    if (!paired || file !== input[0]) throw new UsageError(`--input: expected each file once, found ${file} twice`);
    warn(`${file} is the baseline already`);
    return false;
  });
  return files.map((name) => ({ name, hypotheses: readLines(name) }));
}

/** @throws InputError saying both numbers of lines, or that there are none */
export function checkLineCounts(
  systems: readonly NamedSystem[],
  references: readonly (readonly string[])[],
  files: readonly string[],
): void {
  for (const { name, hypotheses } of systems) {
    for (const [k, stream] of references.entries()) {
      if (stream.length === hypotheses.length) continue;
      throw new InputError(
        `${name} has ${hypotheses.length} lines, but ${files[k] ?? files[0]} has ${stream.length}; they must correspond line by line`,
      );
    }
    if (hypotheses.length === 0) throw new InputError(`${name}: expected lines to score, found an empty file`);
  }
}
