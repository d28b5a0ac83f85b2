// The `decoding` section of a configuration: how output sequences are searched for.
import { z } from 'zod';

const beamOr = (usual: number) =>
  z.int().min(1).default(usual).describe('Hypotheses kept open per sentence; 1 is greedy search.');

const lengthPenaltyOr = (usual: number) =>
  z
    .number()
    .default(usual)
    .describe(
      'Exponent of the length penalty: 0 compares plain log-probabilities, higher values favour longer outputs.',
    );

/**
 * Settings of beam search (greedy search when `beam` is 1). Lengths count output tokens without the begin and end marks, except in
 * the length penalty, which counts the end mark as fairseq does.
 */
export const decodingConfigSchema = z
  .strictObject({
    beam: beamOr(5),
    nBest: z.int().min(1).default(1).describe('Hypotheses returned per sentence, best first; at most `beam`.'),
    lengthPenalty: lengthPenaltyOr(1),
    lengthPenaltyKind: z
      .enum(['power', 'gnmt'])
      .default('power')
      .describe(
        '`power` divides a log-probability by length^lengthPenalty, `gnmt` by ((5 + length) / 6)^lengthPenalty.',
      ),
    earlyStopping: z
      .boolean()
      .default(false)
      .describe(
        'Stop a sentence once `beam` hypotheses have ended, as fairseq does, and not only when no open one can still win: faster where a positive length penalty meets a generous maximum length.',
      ),
    minLength: z.int().min(0).default(0).describe('Fewest tokens an output may have.'),
    maxLength: z
      .int()
      .min(1)
      .default(256)
      .describe('Most tokens an output may have; longer hypotheses are ended there.'),
    maxLengthRatio: z
      .number()
      .positive()
      .optional()
      .describe('Limits an output further to maxLengthRatio × source length + maxLengthConstant tokens.'),
    maxLengthConstant: z
      .int()
      .min(0)
      .optional()
      .describe('Tokens granted on top of maxLengthRatio × source length (0 when absent).'),
    noRepeatNgram: z
      .int()
      .min(0)
      .default(0)
      .describe('No n-gram of this many tokens may occur twice in an output; 0 is off.'),
    batchSize: z.int().min(1).default(32).describe('Sentences decoded at once; changes the speed, never the output.'),
  })
  .superRefine((config, context) => {
    const conflict = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (config.nBest > config.beam) {
      conflict(
        'nBest',
        `\`nBest\` must be at most \`beam\` (${config.beam}), because a search keeps no more hypotheses, but is ${config.nBest}.`,
      );
    }
    if (config.minLength > config.maxLength) {
      conflict(
        'minLength',
        `\`minLength\` must be at most \`maxLength\` (${config.maxLength}), but is ${config.minLength}.`,
      );
    }
    if (config.maxLengthConstant !== undefined && config.maxLengthRatio === undefined) {
      conflict(
        'maxLengthConstant',
        '`maxLengthConstant` needs `maxLengthRatio`: without a ratio only `maxLength` limits an output, so set that instead.',
      );
    }
  });

/** `decoding:` of a task whose encoder has a CTC head over the target's vocabulary. */
export const ctcDecodingConfigSchema = decodingConfigSchema.safeExtend({
  // The CTC score sees to it that outputs are as long as what is said.
  lengthPenalty: lengthPenaltyOr(0),
  beam: beamOr(10),
  ctcWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe(
      'Share of the CTC prefix score in the score of a hypothesis (Watanabe et al., 2017); 0 leaves it out, 1 leaves the decoder out.',
    ),
});

/** The checked settings of decoding. */
export type DecodingConfig = z.infer<typeof decodingConfigSchema> & { readonly ctcWeight?: number | undefined };
