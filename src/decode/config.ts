// The `decoding` section of a configuration: how output sequences are searched for.
import { z } from 'zod';
import { EngineError } from '../errors.js';

const beamOr = (usual: number) =>
  z.int().min(1).default(usual).describe('Hypotheses kept open per sentence; 1 is greedy search.');

const lengthPenaltyOr = (usual: number) =>
  z
    .number()
    .default(usual)
    .describe(
      'Exponent of the length penalty: 0 compares plain log-probabilities, higher values favour longer outputs.',
    );

/** How the outputs of a sentence are found. */
const DECODING_METHODS = ['beam', 'sample', 'sample-without-replacement'] as const;

/** `diversityStrength` where it is absent. */
export const USUAL_DIVERSITY = 0.5;

/** Settings that only beam search heeds, and that only sampling heeds, by what they are good for. */
const BEAM_ONLY = ['earlyStopping', 'beamGroups', 'diversityStrength'] as const;
const SAMPLING_ONLY = ['temperature', 'topK', 'topP', 'minP', 'typicalP', 'repetitionPenalty'] as const;

/**
 * Settings of beam search (greedy search when `beam` is 1) and of sampling. Lengths count output tokens without the begin and end marks, except in
 * the length penalty, which counts the end mark as fairseq does.
 */
export const decodingConfigSchema = z
  .strictObject({
    method: z
      .enum(DECODING_METHODS)
      .default('beam')
      .describe(
        '`beam` looks for the most probable outputs, `sample` draws `nBest` outputs at random, `sample-without-replacement` draws `nBest` different ones (stochastic beam search).',
      ),
    beam: beamOr(5),
    nBest: z
      .int()
      .min(1)
      .default(1)
      .describe('Hypotheses returned per sentence, best first: at most `beam`, or as many as are to be drawn.'),
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
    beamGroups: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Diverse beam search: groups that `beam` is divided into and that keep away from the tokens of each other; 1, which is plain beam search, when absent.',
      ),
    diversityStrength: z
      .number()
      .min(0)
      .optional()
      .describe(
        'What a token costs a group, in log-probability, for every hypothesis of an earlier group that has it at the same place (0.5 when absent).',
      ),
    temperature: z
      .number()
      .positive()
      .optional()
      .describe(
        'Sampling: log-probabilities are divided by it, so that below 1 probable tokens gain and above 1 others; 1 when absent.',
      ),
    topK: z.int().min(1).optional().describe('Sampling: only so many most probable tokens can be drawn at each step.'),
    topP: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe('Sampling: only the most probable tokens that together reach this probability can be drawn (nucleus).'),
    minP: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe('Sampling: only tokens at least this share as probable as the most probable one can be drawn.'),
    typicalP: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe(
        'Sampling: only the tokens whose information is nearest to the entropy and that together reach this probability can be drawn.',
      ),
    repetitionPenalty: z
      .number()
      .positive()
      .optional()
      .describe(
        'Sampling: the log-probability of a token that the output has already is multiplied by it, so that above 1 repetitions become rarer; 1 when absent. With `topK: 1` the search is greedy but for it.',
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
    const { ctcWeight = 0 } = config as { readonly ctcWeight?: number };
    if (config.method === 'beam') {
      for (const name of SAMPLING_ONLY) {
        if (config[name] === undefined) continue;
        const instead =
          name === 'repetitionPenalty'
            ? ', or against repetitions in beam search set `noRepeatNgram`'
            : ', or remove it';
        conflict(
          name,
          `\`${name}\` (${config[name]}) is for sampling, but \`method\` is \`beam\`; choose \`method: sample\` (--sample)${instead}.`,
        );
      }
      checkGroups(config, ctcWeight, conflict);
    } else {
      for (const name of BEAM_ONLY) {
        if (config[name] === undefined || config[name] === false) continue;
        conflict(
          name,
          `\`${name}\` (${config[name]}) is for beam search, but \`method\` is \`${config.method}\`; remove it, or choose \`method: beam\`.`,
        );
      }
      if (ctcWeight > 0) {
        conflict(
          'ctcWeight',
          `\`method: ${config.method}\` draws from the decoder alone, because joint scores with CTC are not probabilities of tokens; \`ctcWeight\` must be 0 (--ctc-weight 0), but is ${ctcWeight}.`,
        );
      }
    }
    if (config.method === 'beam' && config.nBest > config.beam) {
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

/** The checks of diverse beam search. */
function checkGroups(
  {
    beam,
    beamGroups,
    diversityStrength,
  }: { beam: number; beamGroups?: number | undefined; diversityStrength?: number | undefined },
  ctcWeight: number,
  conflict: (path: string, message: string) => void,
): void {
  if (diversityStrength !== undefined && (beamGroups ?? 1) === 1) {
    const found = beamGroups === undefined ? 'it is not set' : 'it is 1';
    conflict(
      'diversityStrength',
      `\`diversityStrength\` (${diversityStrength}) needs \`beamGroups\` of at least 2, because it keeps groups apart, but ${found}.`,
    );
  }
  if (beamGroups === undefined || beamGroups === 1) return;
  if (beam % beamGroups !== 0) {
    conflict('beamGroups', `\`beam\` must be a multiple of \`beamGroups\` (${beamGroups}), but is ${beam}.`);
  }
  if (ctcWeight > 0) {
    conflict(
      'beamGroups',
      `\`beamGroups\` (${beamGroups}) cannot be combined with joint decoding with CTC: set \`ctcWeight\` (${ctcWeight}) to 0 (--ctc-weight 0), or \`beamGroups\` to 1.`,
    );
  }
}

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

/** The settings without those that a method does not heed, for a search of another kind than they were made for. */
export function settingsForMethod(config: DecodingConfig, method: DecodingConfig['method']): DecodingConfig {
  const settings = Object.fromEntries(
    Object.entries(config).filter(
      ([name]) => !(method === 'beam' ? SAMPLING_ONLY : BEAM_ONLY).some((it) => it === name),
    ),
  ) as Omit<DecodingConfig, 'earlyStopping'>;
  return { ...settings, earlyStopping: method === 'beam' && config.earlyStopping, method };
}

/** The settings for plain beam search of one output with another beam, whatever they were made for. */
export function beamSettings(config: DecodingConfig, beam: number): DecodingConfig {
  const { beamGroups, diversityStrength, ...settings } = settingsForMethod(config, 'beam');
  return { ...settings, beam, nBest: 1 };
}

/** K: hypotheses that the method follows side by side in each sentence. */
export function hypothesesPerSentence({ method, beam, nBest }: DecodingConfig): number {
  return method === 'beam' ? beam : nBest;
}

/** `decoding:` of tasks whose outputs are frames. */
export const frameDecodingConfigSchema = z.strictObject({
  stopThreshold: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe('autoregressive: an output ends where the probability of stopping is at least this'),
  window: z
    .strictObject({
      back: z.int().min(0).default(1).describe('source positions before the one looked at last that can be looked at'),
      ahead: z.int().min(1).default(3).describe('source positions after it'),
    })
    .optional()
    .describe(
      'autoregressive: keeps guided attention heads near where they looked last, so that nothing is skipped or repeated (Ping et al., 2018)',
    ),
  maxSeconds: z
    .number()
    .positive()
    .default(30)
    .describe('longest output of one piece; longer ones are cut there, which is reported'),
  maxFramesPerPosition: z
    .number()
    .positive()
    .default(20)
    .describe('an output has at most this many frames a source position, and a hundred more'),
  speed: z.number().min(0.25).max(4).default(1).describe('parallel: how fast is spoken; durations are divided by it'),
  batchSize: z.int().min(1).default(16).describe('outputs written at once; changes the speed, never the output'),
});

/** See {@link frameDecodingConfigSchema}. */
export type FrameDecodingConfig = z.infer<typeof frameDecodingConfigSchema>;

/** The settings of a search. @throws EngineError where outputs are frames */
export function searchSettings(decoding: DecodingConfig | FrameDecodingConfig): DecodingConfig {
  if ('method' in decoding) return decoding;
  throw new EngineError('internal: expected settings of a search, found those of frames');
}

/** The settings of writing frames. @throws EngineError where outputs are tokens */
export function frameSettingsOf(decoding: DecodingConfig | FrameDecodingConfig): FrameDecodingConfig {
  if (!('method' in decoding)) return decoding;
  throw new EngineError('internal: expected settings of frames, found those of a search');
}
