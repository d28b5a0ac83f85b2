// Where the utterances of a split are: a manifest, or a corpus in one of the usual layouts.
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** The layouts that can be read. */
const MANIFEST_FORMATS = [
  'tsv',
  'jsonl',
  'ljspeech',
  'common-voice',
  'kaldi',
  'librispeech',
  'sphinx',
  'folder',
] as const;
export type ManifestFormat = (typeof MANIFEST_FORMATS)[number];

const column = (key: string) => z.string().min(1).optional().describe(`column or key of \`${key}\``);

/** One split of a corpus of speech. Paths are relative to the configuration file's folder. */
export const manifestConfigSchema = z.strictObject({
  manifest: z
    .string()
    .min(1)
    .describe('TSV or JSONL file with an utterance a line, or the file or folder of a corpus; see `format`'),
  format: z
    .enum(MANIFEST_FORMATS)
    .optional()
    .describe('layout of `manifest`; by default found out from its name and from what a folder holds'),
  audioDir: z
    .string()
    .min(1)
    .optional()
    .describe('folder that audio paths start from; default: the folder of the manifest'),
  extension: z.string().min(1).optional().describe('sphinx and folder: extension of the audio files, such as `raw`'),
  columns: z
    .strictObject({
      audio: column('audio'),
      start: column('start'),
      end: column('end'),
      text: column('text'),
      translation: column('translation'),
      speaker: column('speaker'),
      id: column('id'),
    })
    .optional()
    .describe('tsv and jsonl: names of columns that are not called `audio`, `start`, `end`, `text`, …'),
  raw: z
    .strictObject({
      sampleRate: z.int().positive().describe('Hz'),
      endianness: z.enum(['little', 'big']).default('little').describe('order of the bytes of a sample'),
      encoding: z
        .enum(['s16', 'u8', 's8', 's24', 's32', 'f32', 'alaw', 'mulaw'])
        .default('s16')
        .describe('how a sample is written'),
      channels: z.int().min(1).default(1).describe('samples at a time'),
    })
    .optional()
    .describe('how audio without a header is read'),
  channel: z
    .union([z.literal('mix'), z.int().min(0)])
    .optional()
    .describe('the channel to use, counted from 0, or the mean of all (`mix`, the default)'),
});

/** See {@link manifestConfigSchema}. */
export type ManifestConfig = z.infer<typeof manifestConfigSchema>;

/** The split with its paths joined to a folder. */
export function resolveManifest(split: ManifestConfig, baseDir: string): ManifestConfig {
  const at = (path: string): string => (isAbsolute(path) ? path : join(baseDir, path));
  const { audioDir } = split;
  return { ...split, manifest: at(split.manifest), ...(audioDir === undefined ? {} : { audioDir: at(audioDir) }) };
}
