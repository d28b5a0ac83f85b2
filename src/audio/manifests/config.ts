// Where the utterances of a split are: a manifest, or a corpus in one of the usual layouts.
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** The layouts that can be read. */
export const MANIFEST_FORMATS = [
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

/** The formats that an option is for. */
const MEANT_FOR = {
  audioDir: ['tsv', 'jsonl', 'ljspeech', 'common-voice', 'kaldi', 'sphinx'],
  extension: ['ljspeech', 'common-voice', 'librispeech', 'sphinx', 'folder'],
  columns: ['tsv', 'jsonl', 'common-voice'],
  textColumn: ['ljspeech'],
} as const satisfies Record<string, readonly ManifestFormat[]>;
type Option = keyof typeof MEANT_FOR;

/**
 * The options that say nothing to a format, each with a sentence about it.
 * @param found whether the format was found out rather than given
 */
export function unfitOptions(
  split: Readonly<Partial<Record<Option, unknown>>>,
  format: ManifestFormat,
  found = false,
): { key: Option; message: string }[] {
  const unfit = (Object.keys(MEANT_FOR) as Option[]).filter(
    (key) => split[key] !== undefined && !(MEANT_FOR[key] as readonly string[]).includes(format),
  );
  return unfit.map((key) => ({
    key,
    message: `\`${key}\` is for the formats ${MEANT_FOR[key].join(', ')}, but \`format\` is ${format}${found ? ' (found out)' : ''}.`,
  }));
}

const column = (key: string) => z.string().min(1).optional().describe(`column or key of \`${key}\``);

/** One split of a corpus of speech. Paths are relative to the configuration file's folder. */
export const manifestConfigSchema = z
  .strictObject({
    manifest: z
      .string()
      .min(1)
      .describe('TSV or JSONL file with an utterance a line, or the file or folder of a corpus; see `format`'),
    format: z
      .enum(MANIFEST_FORMATS)
      .optional()
      .describe('layout of `manifest`; by default found out from its name and from what a file or folder begins with'),
    audioDir: z
      .string()
      .min(1)
      .optional()
      .describe(
        'folder that audio paths start from; default: that of the manifest (ljspeech: `wavs` in it, common-voice: `clips`)',
      ),
    extension: z
      .string()
      .regex(/^\.?[^./\\\s]+$/, 'must be an extension such as `wav`')
      .optional()
      .describe(
        'extension of the audio files where the manifest names none, such as `raw`; common-voice: instead of `mp3`',
      ),
    columns: z
      .strictObject({
        audio: column('audio'),
        start: column('start'),
        end: column('end'),
        target: column('target'),
        targetStart: column('targetStart'),
        targetEnd: column('targetEnd'),
        text: column('text'),
        translation: column('translation'),
        speaker: column('speaker'),
        id: column('id'),
      })
      .optional()
      .describe('tsv, jsonl, common-voice: names of columns that are not called `audio`, `start`, `end`, `text`, …'),
    textColumn: z
      .enum(['raw', 'normalised'])
      .optional()
      .describe('ljspeech: which text of `id|raw|normalised`; default `normalised`, or `raw` where it is the only one'),
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
  })
  .superRefine((split, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (split.format !== undefined) {
      for (const { key, message } of unfitOptions(split, split.format)) fail(key, message);
    }
    const { raw, channel } = split;
    if (raw !== undefined && typeof channel === 'number' && channel >= raw.channels)
      fail('channel', `\`channel\` must be less than \`raw.channels\` (${raw.channels}), but is ${channel}.`);
  });

/** See {@link manifestConfigSchema}. */
export type ManifestConfig = z.infer<typeof manifestConfigSchema>;

/** The split with its paths joined to a folder, unless they are absolute. */
export function resolveManifest(split: ManifestConfig, baseDir: string): ManifestConfig {
  const at = (path: string): string => (isAbsolute(path) ? path : join(baseDir, path));
  const { audioDir } = split;
  return { ...split, manifest: at(split.manifest), ...(audioDir === undefined ? {} : { audioDir: at(audioDir) }) };
}
