// The part of a configuration that names a data split and says how its rows become batches.
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.js';

const columnSchema = z.union([z.string().min(1), z.int().nonnegative()]);

/** The format a file name announces (a final `.gz` aside), if any. */
function formatOf(file: string): 'tsv' | 'jsonl' | undefined {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.tsv')) return 'tsv';
  return name.endsWith('.jsonl') || name.endsWith('.ndjson') ? 'jsonl' : undefined;
}

/**
 * Where the rows of one split are: two parallel files (`source`, `target`) or one file with both sides (`file`).
 * Paths are relative to the configuration file's folder; each file may be gzip-compressed.
 */
export const splitSchema = z
  .strictObject({
    source: z.string().min(1).optional().describe('file of source lines, parallel to `target`; may be gzip'),
    target: z.string().min(1).optional().describe('file of target lines, line n belonging to line n of `source`'),
    file: z.string().min(1).optional().describe('one TSV or JSONL file with both sides, instead of `source`/`target`'),
    format: z.enum(['tsv', 'jsonl']).optional().describe('format of `file`; by default from its name'),
    sourceColumn: columnSchema
      .optional()
      .describe('source column: JSONL key, TSV header name, or 0-based TSV index; default `source` (JSONL) or 0 (TSV)'),
    targetColumn: columnSchema
      .optional()
      .describe('target column: JSONL key, TSV header name, or 0-based TSV index; default `target` (JSONL) or 1 (TSV)'),
  })
  .superRefine((split, context) => {
    const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (split.file === undefined) {
      if (split.source === undefined && split.target === undefined)
        fail('source', 'give either `source` and `target` (parallel files) or `file` (TSV or JSONL), but none is set.');
      else if (split.source === undefined) fail('source', '`target` is set, so `source` must be set as well.');
      else if (split.target === undefined) fail('target', '`source` is set, so `target` must be set as well.');
      for (const key of ['format', 'sourceColumn', 'targetColumn'] as const)
        if (split[key] !== undefined) fail(key, `\`${key}\` is for \`file\` (TSV or JSONL), which is not set.`);
      return;
    }
    for (const key of ['source', 'target'] as const)
      if (split[key] !== undefined) fail(key, `\`file\` is set, so \`${key}\` must not be: give one or the other.`);
    const format = split.format ?? formatOf(split.file);
    if (format === undefined)
      fail('format', `\`${split.file}\` ends neither in .tsv nor in .jsonl: set \`format\` to \`tsv\` or \`jsonl\`.`);
    for (const key of ['sourceColumn', 'targetColumn'] as const)
      if (format === 'jsonl' && typeof split[key] === 'number')
        fail(key, `a column of a JSONL file is a key, but \`${key}\` is the number ${split[key]}.`);
  });

/** See {@link splitSchema}. */
export type SplitConfig = z.infer<typeof splitSchema>;

/** The files of a split with the defaults filled in and paths joined to the base folder. */
export type SplitFiles =
  | { kind: 'parallel'; source: string; target: string }
  | { kind: 'tsv' | 'jsonl'; file: string; sourceColumn: string | number; targetColumn: string | number };

/**
 * Fills in a split's defaults.
 * @param baseDir folder that relative paths start from: that of the configuration file.
 * @throws ConfigError when the split contradicts {@link splitSchema}.
 */
export function resolveSplit(split: SplitConfig, baseDir: string): SplitFiles {
  const at = (file: string) => (isAbsolute(file) ? file : join(baseDir, file));
  const { data, error } = splitSchema.safeParse(split);
  if (data === undefined) throw new ConfigError(`the split cannot be used: ${z.prettifyError(error)}`);
  const { source, target, file, format, sourceColumn, targetColumn } = data;
  if (file === undefined) return { kind: 'parallel', source: at(source ?? ''), target: at(target ?? '') };
  const kind = format ?? formatOf(file) ?? 'tsv';
  return {
    kind,
    file: at(file),
    sourceColumn: sourceColumn ?? (kind === 'tsv' ? 0 : 'source'),
    targetColumn: targetColumn ?? (kind === 'tsv' ? 1 : 'target'),
  };
}

/** How rows become batches. Lengths are in tokens (or frames), as the model sees them: the end token counts. */
export const batchingSchema = z
  .strictObject({
    maxTokens: z
      .int()
      .positive()
      .default(4096)
      .describe('most tokens a batch, padding included, on its larger side: sentences × max(source, target length)'),
    maxSentences: z.int().positive().optional().describe('most sentences a batch; no limit by default'),
    bucketing: z
      .int()
      .positive()
      .default(32768)
      .describe('rows read, shuffled and sorted by length at a time; more means less padding and more memory'),
    maxSourceLength: z.int().positive().optional().describe('most tokens of a source; default `maxTokens`'),
    maxTargetLength: z.int().positive().optional().describe('most tokens of a target; default `maxTokens`'),
    onLong: z
      .enum(['error', 'skip', 'truncate'])
      .default('error')
      .describe('a row over a length limit: stop, leave it out, or cut it (the last two are counted and reported)'),
    onBlank: z
      .enum(['skip', 'error', 'keep'])
      .default('skip')
      .describe('a row with a blank source or target: leave it out (counted and reported), stop, or use it as it is'),
    onShort: z
      .enum(['skip', 'error'])
      .default('skip')
      .describe(
        'a row with a side of too few positions for a CTC loss on its text: leave it out (counted and reported) or stop',
      ),
  })
  .superRefine((batching, context) => {
    for (const key of ['maxSourceLength', 'maxTargetLength'] as const) {
      const limit = batching[key];
      if (limit !== undefined && limit > batching.maxTokens)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `\`${key}\` must not be larger than \`maxTokens\` (${batching.maxTokens}), but is ${limit}.`,
        });
    }
  });

/** See {@link batchingSchema}. */
export type BatchingConfig = z.infer<typeof batchingSchema>;
