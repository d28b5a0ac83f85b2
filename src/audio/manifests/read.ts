// Reads the utterances of a split, whatever layout they have.
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '../../errors.js';
import type { ManifestConfig, ManifestFormat } from './config.js';
import { exists, readFolder, readKaldi, readLibriSpeech, readSphinx } from './layouts.js';
import { duplicateIds, type Manifest, type ManifestRow } from './rows.js';
import { readCommonVoice, readJsonl, readLjSpeech, readTsv } from './table.js';

export type { ManifestRow } from './rows.js';

const READERS: Readonly<Record<ManifestFormat, (config: ManifestConfig) => Promise<ManifestRow[]>>> = {
  tsv: readTsv,
  jsonl: readJsonl,
  ljspeech: readLjSpeech,
  'common-voice': readCommonVoice,
  kaldi: readKaldi,
  librispeech: readLibriSpeech,
  sphinx: readSphinx,
  folder: readFolder,
};

/**
 * The format of a path: by its ending for a file; for a folder Kaldi where it holds `wav.scp`, LJSpeech where it holds
 * `metadata.csv` (which is then read), and otherwise audio beside transcripts.
 * @throws DataError when the path is not there or tells nothing
 */
async function detect({ manifest }: ManifestConfig): Promise<{ format: ManifestFormat; path: string }> {
  const stats = await stat(manifest).catch(() => undefined);
  if (!stats) throw new DataError(`${manifest}: there is no such file or folder; correct the path`, { missing: true });
  if (stats.isDirectory()) {
    if (await exists(join(manifest, 'wav.scp'))) return { format: 'kaldi', path: manifest };
    const metadata = join(manifest, 'metadata.csv');
    if (await exists(metadata)) return { format: 'ljspeech', path: metadata };
    return { format: 'folder', path: manifest };
  }
  const name = basename(manifest).toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.tsv')) return { format: 'tsv', path: manifest };
  if (/\.(jsonl|ndjson)$/.test(name)) return { format: 'jsonl', path: manifest };
  if (name.endsWith('.fileids')) return { format: 'sphinx', path: manifest };
  if (name === 'metadata.csv') return { format: 'ljspeech', path: manifest };
  throw new DataError(
    `${manifest}: expected a name that ends in .tsv, .jsonl or .fileids, metadata.csv, or a folder; name the \`format\`: ` +
      Object.keys(READERS).join(', '),
  );
}

/**
 * Reads the utterances of a split, whose paths are absolute or start from the working folder.
 * @throws DataError naming file and line when they cannot be used
 */
export async function readManifest(config: ManifestConfig): Promise<Manifest> {
  const { format, path } = config.format ? { format: config.format, path: config.manifest } : await detect(config);
  const rows = await READERS[format]({ ...config, manifest: path });
  if (rows.length === 0) throw new DataError(`${path}: expected utterances, found none`);
  return { rows, warnings: duplicateIds(rows) };
}
