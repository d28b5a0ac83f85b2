// Reads the utterances of a split, whatever layout they have.
import { stat } from 'node:fs/promises';
import { ConfigError, DataError } from '../../errors.js';
import { type ManifestConfig, type ManifestFormat, unfitOptions } from './config.js';
import { detectFormat } from './detect.js';
import { readKaldi, readSphinx } from './kaldi.js';
import { duplicateIds, type Manifest, type ManifestRow } from './rows.js';
import { readCommonVoice, readJsonl, readLjSpeech, readTsv } from './table.js';
import { readFolder, readLibriSpeech } from './trees.js';

export type { ManifestRow } from './rows.js';

const READERS: Readonly<Record<ManifestFormat, (config: ManifestConfig) => Promise<Manifest>>> = {
  tsv: readTsv,
  jsonl: readJsonl,
  ljspeech: readLjSpeech,
  'common-voice': readCommonVoice,
  kaldi: readKaldi,
  librispeech: readLibriSpeech,
  sphinx: readSphinx,
  folder: readFolder,
};

/** How many missing files are named. */
const NAMED = 5;
/** Files looked for at the same time. */
const CHECKED_AT_ONCE = 64;

/** @throws DataError (exit code 66) that counts all files that are not there */
async function checkFiles(rows: readonly ManifestRow[], manifest: string): Promise<void> {
  const origins = new Map<string, string>();
  for (const { audio, origin } of rows) if (!origins.has(audio.path)) origins.set(audio.path, origin);
  const paths = [...origins.keys()];
  const missing: string[] = [];
  for (let first = 0; first < paths.length; first += CHECKED_AT_ONCE) {
    const some = paths.slice(first, first + CHECKED_AT_ONCE);
    const found = await Promise.all(
      some.map((path) =>
        stat(path).then(
          (stats) => stats.isFile(),
          () => false,
        ),
      ),
    );
    missing.push(...some.filter((_, i) => !found[i]));
  }
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED).map((path) => `\n  ${origins.get(path)}: ${path}`);
  const more = missing.length > NAMED ? `\n  … and ${missing.length - NAMED} more` : '';
  throw new DataError(
    `${manifest}: expected ${paths.length} audio files, found ${missing.length} of them missing; ` +
      `check the paths and \`audioDir\`:${named.join('')}${more}`,
    { missing: true },
  );
}

/**
 * Reads the utterances of a split; see {@link detectFormat} for how the layout is told where `format` does not say it. Whether the
 * audio files are there is not looked at unless `checkFiles` asks for it.
 * @param config with paths that are absolute or start from the working folder, as `resolveManifest` makes them
 * @returns the rows in the order of the manifest, with warnings about ids that stand twice and texts that belong to nothing
 * @throws DataError naming file and line where the manifest is malformed; with exit code 66 where files are missing
 * @throws ConfigError when an option says nothing to the layout
 */
export async function readManifest(config: ManifestConfig, options: { checkFiles?: boolean } = {}): Promise<Manifest> {
  const { format, path } = await detectFormat(config);
  const [unfit] = unfitOptions(config, format, config.format === undefined);
  if (unfit !== undefined) throw new ConfigError(`${config.manifest}: ${unfit.message}`);
  const { rows, warnings } = await READERS[format]({ ...config, manifest: path });
  if (rows.length === 0) throw new DataError(`${path}: expected utterances, found none; check the file`);
  if (options.checkFiles) await checkFiles(rows, config.manifest);
  return { rows, warnings: [...warnings, ...duplicateIds(rows)] };
}
