// The lines to speak of a manifest.
import { type ManifestConfig, resolveManifest } from '../../src/audio/manifests/config.js';
import { readManifest } from '../../src/audio/manifests/read.js';
import { formatSpoken } from './targets.js';

/** The texts of a manifest, with their speakers; undefined for a file of plain lines. */
export async function spokenLines(path: string, usual: object): Promise<string[] | undefined> {
  if (!/\.(tsv|jsonl|ndjson)(\.gz)?$/i.test(path)) return undefined;
  const { columns } = usual as ManifestConfig;
  const { rows } = await readManifest(resolveManifest({ manifest: path, columns }, '.'));
  return rows.map(({ text = '', speaker }) => formatSpoken({ text, ...(speaker === undefined ? {} : { speaker }) }));
}
