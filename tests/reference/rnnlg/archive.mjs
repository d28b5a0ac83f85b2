// Reads files of the RNNLG data from a folder or straight from a .tar.gz, and ends a script that cannot go on.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Ends the script with one line on standard error; 2 is wrong usage, 65 bad data, 66 no input. */
export function fail(message, code = 65) {
  console.error(`${basename(process.argv[1])}: ${message}`);
  process.exit(code);
}

const BLOCK = 512;

/** The regular files of a tar archive by name (ustar; paths here are short, so extensions for long ones are not read). */
function tarFiles(bytes) {
  const files = new Map();
  const text = (at, length) => {
    const field = bytes.subarray(at, at + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? length : end);
  };
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : '';
    const name = (prefix === '' ? '' : `${prefix}/`) + text(at, 100);
    if (kind === '' || kind === '0')
      files.set(name.replace(/^\.\//, ''), bytes.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** A function that reads a file by its path inside `from`, a folder or a .tar.gz, and ends the script when it is missing. */
export function openData(from) {
  if (!existsSync(from)) fail(`${from}: expected the folder or .tar.gz of RNNLG, found nothing; correct the path`, 66);
  if (statSync(from).isDirectory()) {
    return (path) => {
      if (!existsSync(join(from, path))) fail(`${from}: expected ${path} in it, found none`, 66);
      return readFileSync(join(from, path), 'utf8');
    };
  }
  let files;
  try {
    files = tarFiles(gunzipSync(readFileSync(from)));
  } catch (error) {
    fail(`${from}: expected a gzip-compressed tar archive, but it cannot be read: ${error.message}`);
  }
  return (path) => files.get(path)?.toString('utf8') ?? fail(`${from}: expected ${path} in it, found none`, 66);
}
