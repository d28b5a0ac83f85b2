// Finds out the layout of a corpus from its path, and from what a file or folder begins with.
import { basename, dirname, join } from 'node:path';
import { DataError } from '../../errors.js';
import { MANIFEST_FORMATS, type ManifestConfig, type ManifestFormat } from './config.js';
import { filesBelow, firstLine, isFolder, namesIn } from './files.js';
import { COMMON_VOICE, columnsOf } from './table.js';
import { treeFormats } from './trees.js';

const nameOf = (path: string): string => basename(path).toLowerCase().replace(/\.gz$/, '');

/** A TSV file is Common Voice's where its header says so; with `columns` it may be either. */
async function tsvFormats(config: ManifestConfig): Promise<ManifestFormat[]> {
  const header = (await firstLine(config.manifest))?.split('\t') ?? [];
  const formats: ManifestFormat[] = [];
  if (header.includes(columnsOf(config).audio)) formats.push('tsv');
  if (Object.values(COMMON_VOICE).every((name) => header.includes(name))) formats.push('common-voice');
  // A header that is wrong is for the reader to tell.
  return formats.length > 0 ? formats : ['tsv'];
}

async function fileFormats(config: ManifestConfig): Promise<ManifestFormat[]> {
  const { manifest } = config;
  const name = nameOf(manifest);
  if (name.endsWith('.tsv')) return tsvFormats(config);
  if (/\.(jsonl|ndjson)$/.test(name)) return ['jsonl'];
  if (/\.(fileids|transcription)$/.test(name)) return ['sphinx'];
  if (name === 'wav.scp') return ['kaldi'];
  if (name.endsWith('.csv')) {
    const width = (await firstLine(manifest))?.split('|').length ?? 0;
    if (name === 'metadata.csv' || width === 2 || width === 3) return ['ljspeech'];
  }
  return [];
}

async function folderFormats(folder: string): Promise<ManifestFormat[]> {
  const names = await namesIn(folder);
  const has = (name: string) => names.some((found) => found === name || found === `${name}.gz`);
  const formats: ManifestFormat[] = [
    ...(has('wav.scp') ? (['kaldi'] as const) : []),
    ...(has('metadata.csv') ? (['ljspeech'] as const) : []),
  ];
  if (formats.length > 0) return formats;
  const manifests = names.filter((name) => /\.(tsv|jsonl|ndjson|fileids)$/.test(nameOf(name)));
  if (manifests.length > 0) {
    const shown = `${manifests.slice(0, 5).join(', ')}${manifests.length > 5 ? ', …' : ''}`;
    throw new DataError(
      `${folder}: expected one manifest, found a folder with ${shown}; name one of these files, or set \`format\` to ` +
        '`folder` or `librispeech` to read the folder without them',
    );
  }
  return treeFormats(await filesBelow(folder));
}

/**
 * The format of a split, and the path that its reader takes.
 *
 * A format that is given is believed. Otherwise a **file** is told by its name (a final `.gz` aside): `.jsonl` and `.ndjson` jsonl;
 * `.fileids` and `.transcription` sphinx; `wav.scp` kaldi; `metadata.csv`, and a `.csv` whose first line has two or three columns
 * between `|`, ljspeech; `.tsv` by its header: common-voice with `client_id`, `path` and `sentence`, and tsv with the audio column.
 * A **folder** is kaldi with `wav.scp` in it and ljspeech with `metadata.csv`. With neither, and no other manifest in it, its whole
 * tree is looked at: librispeech where there is a `.trans.txt`, folder where audio files have transcripts beside them, or where
 * there is just audio.
 * @throws DataError when there is no such path, when nothing or more than one of these holds (the message names them), and when
 *   a folder holds manifests of which one must be named
 */
export async function detectFormat(config: ManifestConfig): Promise<{ format: ManifestFormat; path: string }> {
  const { manifest } = config;
  const folder = await isFolder(manifest);
  const formats = config.format ? [config.format] : await (folder ? folderFormats(manifest) : fileFormats(config));
  const [format, ...others] = formats;
  if (format === undefined) {
    throw new DataError(
      folder
        ? `${manifest}: expected wav.scp, metadata.csv, .trans.txt files or audio files in this folder, found none of them`
        : `${manifest}: expected a name that ends in .tsv, .jsonl or .fileids, metadata.csv, wav.scp or a folder, found ` +
            `${basename(manifest)}; set \`format\` (${MANIFEST_FORMATS.join(', ')})`,
    );
  }
  if (others.length > 0) {
    throw new DataError(
      `${manifest}: expected one layout, found signs of ${formats.join(' and ')}; set \`format\` to one`,
    );
  }
  if (folder && format === 'ljspeech') {
    const name = (await namesIn(manifest)).find((found) => nameOf(found) === 'metadata.csv');
    return { format, path: join(manifest, name ?? 'metadata.csv') };
  }
  if (!folder && format === 'kaldi') return { format, path: dirname(manifest) };
  const wantsFolder = ['kaldi', 'librispeech', 'folder'].includes(format);
  if (folder !== wantsFolder) {
    const [expected, found] = wantsFolder ? ['a folder', 'a file'] : ['a file', 'a folder'];
    throw new DataError(`${manifest}: expected ${expected} because \`format\` is ${format}, found ${found}`);
  }
  return { format, path: manifest };
}
