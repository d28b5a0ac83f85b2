// Reads the utterances of a split, whatever layout they have.
import { ConfigError, DataError } from '../../errors.js';
import { type ManifestConfig, type ManifestFormat, unfitOptions } from './config.js';
import { detectFormat } from './detect.js';
import { readKaldi, readSphinx } from './kaldi.js';
import { duplicateIds, type Manifest } from './rows.js';
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

/**
 * Reads the utterances of a split; see {@link detectFormat} for how the layout is told where `format` does not say it. Whether the
 * audio files are there is not looked at: whoever reads them sees it.
 * @param config with paths that are absolute or start from the working folder, as `resolveManifest` makes them
 * @returns the rows in the order of the manifest, with warnings about ids that stand twice and texts that belong to nothing
 * @throws DataError naming file and line where the manifest is malformed
 * @throws ConfigError when an option says nothing to the layout
 */
export async function readManifest(config: ManifestConfig): Promise<Manifest> {
  const { format, path } = await detectFormat(config);
  const [unfit] = unfitOptions(config, format, config.format === undefined);
  if (unfit !== undefined) throw new ConfigError(`${config.manifest}: ${unfit.message}`);
  const { rows, warnings } = await READERS[format]({ ...config, manifest: path });
  if (rows.length === 0) throw new DataError(`${path}: expected utterances, found none; check the file`);
  return { rows, warnings: [...warnings, ...duplicateIds(rows)] };
}
