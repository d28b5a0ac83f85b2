// The training section of a configuration.
import { z } from 'zod';

const count = z.int().min(1);

const reward = z
  .string()
  .default('bleu')
  .describe(
    'what outputs are rewarded by: a metric of sentences (error rates count as negative), constant, or the path of a module (./reward.mjs) whose function `reward(output, reference)` returns a number',
  );
const samples = count.default(5).describe('outputs sampled of each source at each step');
const temperature = z.number().positive().default(1).describe('temperature that samples are drawn at');
const crossEntropyWeight = z
  .number()
  .min(0)
  .default(0)
  .describe('weight of the cross-entropy of the true targets beside it');
const lengthRatio = z
  .number()
  .positive()
  .default(1.2)
  .describe('a sample is cut at this many times the true target’s length, and 3 tokens more');

/** `training.reinforce` as written by a user. */
const reinforceConfigSchema = z.strictObject({
  reward,
  rewardScale: z.number().positive().default(1).describe('factor of the reward; metrics from 0 to 100 count as 0 to 1'),
  samples,
  temperature,
  baseline: z
    .enum(['none', 'moving-average', 'greedy', 'leave-one-out'])
    .default('leave-one-out')
    .describe(
      'what is subtracted from a reward: an average over the steps before, the reward of the greedy output (self-critical; Rennie et al., 2017), or the mean reward of the other samples of the source',
    ),
  baselineDecay: z.number().min(0).lt(1).default(0.99).describe('decay of the moving average'),
  standardize: z.boolean().default(false).describe('divide advantages by their standard deviation over the batch'),
  entropyBonus: z.number().min(0).default(0).describe('reward of −log p(sample), which keeps outputs diverse'),
  klWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('cost of log p(sample) − log p₀(sample), which keeps the model near the one it began with'),
  crossEntropyWeight,
  lengthRatio,
});

/** `training.minimumRisk` as written by a user. */
const minimumRiskConfigSchema = z.strictObject({
  reward,
  samples,
  temperature,
  alpha: z.number().positive().default(0.005).describe('sharpness of the distribution over candidates: Q ∝ p^alpha'),
  addGold: z.boolean().default(true).describe('count the true target among the candidates'),
  crossEntropyWeight,
  lengthRatio,
});

/** `training.scheduledSampling` as written by a user. */
const scheduledSamplingConfigSchema = z.strictObject({
  decay: z
    .enum(['off', 'linear', 'exponential', 'inverse-sigmoid'])
    .default('off')
    .describe(
      'how the share of true decoder inputs falls from 1: 1 − t/steps, exp(−t/steps), or k/(k + exp(t/k)) with k = steps; the others are the model’s own predictions',
    ),
  steps: count.default(10_000).describe('time scale of the decay'),
  start: z.int().min(0).default(0).describe('steps before it begins'),
  minimum: z.number().min(0).max(1).default(0.5).describe('lowest share of true inputs'),
  prediction: z
    .enum(['argmax', 'sample', 'soft'])
    .default('argmax')
    .describe('what takes their place: the most probable token, a drawn one, or the expected embedding'),
  unit: z.enum(['token', 'sentence']).default('token').describe('what is replaced at a time'),
  passes: count
    .default(1)
    .describe(
      'passes that predict before the one that is trained; 1 is the two-pass form, as many as an output has tokens is the sequential one',
    ),
});

/** `training.guidedAttention` as written by a user. */
const guidedAttentionConfigSchema = z.strictObject({
  weight: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of the guided attention loss (Tachibana et al., 2018); 0 is off'),
  sigma: z.number().positive().default(0.2).describe('width of the diagonal that attention is drawn to'),
  layers: z.int().min(0).default(0).describe('how many of the last decoder layers are guided; 0 is all'),
  heads: z.int().min(0).default(0).describe('how many heads of a layer are guided; 0 is all'),
  measure: z.boolean().default(false).describe('report the diagonality of attention at validations, guided or not'),
});

const wordDropoutRate = (side: string) =>
  z.number().min(0).lt(1).default(0).describe(`share of ${side} tokens replaced by the unknown token`);

/** `training.frames` as written by a user. */
const frameLossConfigSchema = z.strictObject({
  l1Weight: z.number().min(0).default(1).describe('weight of the absolute distance between frames'),
  l2Weight: z.number().min(0).default(1).describe('weight of the squared distance between frames'),
  stopWeight: z.number().min(0).default(1).describe('autoregressive: weight of the decision to stop'),
  stopPositiveWeight: z
    .number()
    .positive()
    .default(5)
    .describe('autoregressive: what the one position to stop at counts more than each of the others'),
  durationWeight: z.number().min(0).default(1).describe('parallel: weight of the squared error of log durations'),
  guide: z
    .enum(['diagonal', 'durations'])
    .default('diagonal')
    .describe(
      'autoregressive: what guided attention is drawn to: the straight line, or where each token is said in the recording',
    ),
});

/** The objectives, and the section that each of them has to itself. */
const SECTION_OF = { reinforce: 'reinforce', 'minimum-risk': 'minimumRisk' } as const;
const SECTION_SCHEMAS = { reinforce: reinforceConfigSchema, minimumRisk: minimumRiskConfigSchema };

const trainingFields = {
  steps: count.default(10_000).describe('optimizer steps to train'),
  learningRate: z.number().positive().default(1e-3).describe('peak learning rate'),
  schedule: z
    .enum(['inverse-sqrt', 'cosine', 'linear', 'constant'])
    .default('inverse-sqrt')
    .describe('how the learning rate falls after the warm-up; cosine and linear reach 0 at the last step'),
  warmupSteps: z.int().min(0).default(1000).describe('steps over which the learning rate rises linearly from 0'),
  optimizer: z.enum(['adam', 'adamw']).default('adam').describe('adamw adds decoupled weight decay'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the first moment'),
  beta2: z.number().min(0).lt(1).default(0.98).describe('decay of the second moment'),
  epsilon: z.number().positive().default(1e-9).describe('added to the denominator of the update'),
  weightDecay: z.number().min(0).default(0).describe('decoupled weight decay of adamw'),
  clipNorm: z.number().min(0).default(1).describe('largest global gradient norm; 0 turns clipping off'),
  labelSmoothing: z.number().min(0).lt(1).default(0.1).describe('probability mass spread over the vocabulary'),
  accumulate: count.default(1).describe('batches whose gradients are added up for one step'),
  emaDecay: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('decay of a moving average of the parameters, which is then validated and decoded with; 0 keeps none'),
  encoderFrom: z
    .string()
    .optional()
    .describe('run folder whose encoder, and CTC head if it fits, this one begins with instead of random numbers'),
  startFrom: z
    .string()
    .optional()
    .describe('run folder whose model and vocabularies this one begins with: to go on with another objective or data'),
  objective: z
    .enum(['cross-entropy', 'reinforce', 'minimum-risk'])
    .default('cross-entropy')
    .describe('what is optimised; reinforce and minimum-risk optimise a metric of sampled outputs'),
  reinforce: reinforceConfigSchema.prefault({}).describe('REINFORCE (Williams, 1992), for objective reinforce'),
  minimumRisk: minimumRiskConfigSchema
    .prefault({})
    .describe('minimum risk training (Shen et al., 2016), for objective minimum-risk'),
  scheduledSampling: scheduledSamplingConfigSchema
    .prefault({})
    .describe('scheduled sampling (Bengio et al., 2015) in parallel passes (Mihaylova & Martins, 2019)'),
  guidedAttention: guidedAttentionConfigSchema
    .prefault({})
    .describe('draws cross-attention to the diagonal, where source and target run in step'),
  coverage: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of the coverage loss, which keeps from copying twice (See et al., 2017); needs model.copy'),
  rDrop: z
    .number()
    .min(0)
    .default(0)
    .describe('weight of the divergence between two passes with different dropout (R-Drop, Liang et al., 2021)'),
  wordDropout: z
    .strictObject({ source: wordDropoutRate('source'), target: wordDropoutRate('decoder input') })
    .prefault({})
    .describe('replaces tokens at random while training'),
  mixup: z
    .number()
    .min(0)
    .default(0)
    .describe('alpha of mixup: pairs of examples mixed with a share from Beta(alpha, alpha); 0 is off'),
  logEvery: count.default(50).describe('steps between log records'),
  validateEvery: count.default(1000).describe('steps between validations'),
  validationMetric: z
    .string()
    .default('loss')
    .describe('what the best checkpoint is chosen by: loss, or a metric of the task such as bleu'),
  validationBeam: count.default(1).describe('beam for metrics that need decoding; 1 is greedy'),
  patience: z.int().min(0).default(0).describe('stop after this many validations without a new best; 0 never stops'),
  saveEvery: count.optional().describe('steps between checkpoints; default: at every validation'),
  keepCheckpoints: count.default(5).describe('how many of the last checkpoints to keep, besides the best'),
  maxSkippedSteps: count
    .default(10)
    .describe('stop after this many steps in a row whose loss or gradient was not finite'),
};

/** The rules that concern several settings. */
function checkTraining(config: ObjectiveConfig & TrainingRules, context: z.core.$RefinementCtx): void {
  const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (config.optimizer === 'adam' && config.weightDecay > 0) {
    fail(
      'weightDecay',
      `weightDecay needs optimizer adamw, but weightDecay is ${config.weightDecay} and optimizer is adam`,
    );
  }
  checkObjective(config, fail);
  if (config.schedule !== 'constant' && config.warmupSteps > config.steps) {
    fail(
      'warmupSteps',
      `warmupSteps must be at most steps, but warmupSteps is ${config.warmupSteps} and steps is ${config.steps}`,
    );
  }
}

/** `training:` as written by a user. */
export const trainingConfigSchema = z.strictObject(trainingFields).superRefine(checkTraining);

/** What else is checked across settings. */
interface TrainingRules {
  readonly optimizer: 'adam' | 'adamw';
  readonly weightDecay: number;
  readonly schedule: string;
  readonly warmupSteps: number;
  readonly steps: number;
}

/** The parts of a configuration that must fit its objective. */
interface ObjectiveConfig {
  readonly objective: TrainingConfig['objective'];
  readonly reinforce: z.infer<typeof reinforceConfigSchema>;
  readonly minimumRisk: z.infer<typeof minimumRiskConfigSchema>;
  readonly scheduledSampling: z.infer<typeof scheduledSamplingConfigSchema>;
  readonly guidedAttention: z.infer<typeof guidedAttentionConfigSchema>;
  readonly rDrop: number;
  readonly mixup: number;
  readonly wordDropout: { readonly source: number; readonly target: number };
  readonly encoderFrom?: string | undefined;
  readonly startFrom?: string | undefined;
}

/** Refuses settings that the objective has no use for, and combinations that contradict each other. */
function checkObjective(config: ObjectiveConfig, fail: (path: string, message: string) => void): void {
  const { objective, reinforce, minimumRisk, scheduledSampling, guidedAttention, rDrop, mixup, wordDropout } = config;
  const isDefault = (section: object, schema: z.ZodType) =>
    JSON.stringify(section) === JSON.stringify(schema.parse({}));
  for (const [name, section] of Object.entries(SECTION_OF)) {
    if (objective !== name && !isDefault(config[section], SECTION_SCHEMAS[section])) {
      fail(section, `${section} needs objective ${name}, but objective is ${objective}`);
    }
  }
  if (scheduledSampling.decay === 'off' && !isDefault(scheduledSampling, scheduledSamplingConfigSchema)) {
    fail(
      'scheduledSampling',
      'scheduledSampling does nothing while its decay is off; choose a decay, or leave the rest out',
    );
  }
  const watches = guidedAttention.weight > 0 || guidedAttention.measure;
  if (!watches && !isDefault(guidedAttention, guidedAttentionConfigSchema)) {
    fail('guidedAttention', 'guidedAttention does nothing while its weight is 0 and measure is false; set one of them');
  }
  if (samplesOutputs(objective)) {
    const beside = [
      ...(scheduledSampling.decay === 'off' ? [] : ['scheduledSampling']),
      ...(watches ? ['guidedAttention'] : []),
      ...(rDrop > 0 ? ['rDrop'] : []),
      ...(mixup > 0 ? ['mixup'] : []),
      ...(wordDropout.source + wordDropout.target > 0 ? ['wordDropout'] : []),
    ];
    for (const name of beside) {
      fail(name, `${name} works on true targets, but objective ${objective} trains on sampled ones; leave it out`);
    }
  }
  if (objective === 'reinforce') {
    const { baseline, reward, samples, standardize } = reinforce;
    if (baseline === 'leave-one-out' && samples < 2) {
      fail('reinforce', `baseline leave-one-out needs samples of at least 2, but samples is ${samples}`);
    }
    if (reward === 'constant' && (baseline !== 'none' || standardize)) {
      fail(
        'reinforce',
        `reward constant leaves nothing to learn beside a baseline: every advantage is 0; set baseline none (it is ${baseline})` +
          `${standardize ? ' and standardize false' : ''}`,
      );
    }
  }
  if (objective === 'minimum-risk' && minimumRisk.samples + (minimumRisk.addGold ? 1 : 0) < 2) {
    fail('minimumRisk', 'minimum risk training compares candidates: set samples to at least 2, or addGold true');
  }
  if (mixup > 0 && scheduledSampling.decay !== 'off') {
    fail('mixup', 'mixup and scheduledSampling both change the decoder’s inputs; choose one');
  }
  if (config.encoderFrom !== undefined && config.startFrom !== undefined) {
    fail('encoderFrom', 'encoderFrom and startFrom both say what the model begins with; choose one');
  }
}

/** `training:` of tasks whose target is frames. */
export const frameTrainingConfigSchema = z
  .strictObject({
    ...trainingFields,
    objective: z.literal('frames').default('frames').describe('what is optimised: the distance to the true frames'),
    labelSmoothing: z.literal(0).default(0).describe('frames are no classes: there is nothing to smooth'),
    frames: frameLossConfigSchema.prefault({}).describe('the loss of frames'),
    durationsFrom: z
      .string()
      .optional()
      .describe(
        'parallel: run folder of an autoregressive model of the same data whose attention gives the durations; not needed for text, which is aligned with the recordings without it',
      ),
  })
  .superRefine((config, context) => {
    checkTraining(config, context);
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const { rDrop, mixup, coverage, wordDropout, scheduledSampling } = config;
    const unfit = { rDrop, mixup, coverage };
    for (const [name, value] of Object.entries(unfit)) {
      if (value > 0) fail(name, `${name} is made for targets of tokens, but the target is sound; leave it out`);
    }
    if (wordDropout.target > 0) fail('wordDropout', 'wordDropout.target needs tokens, but the target is sound');
    if (scheduledSampling.decay !== 'off' && scheduledSampling.prediction !== 'argmax') {
      fail('scheduledSampling', 'prediction means nothing to frames, which are what the model writes; leave it out');
    }
  });

/** The `training:` section as validated. */
export type TrainingConfig = Omit<z.infer<typeof trainingConfigSchema>, 'objective'> & {
  readonly objective: z.infer<typeof trainingConfigSchema>['objective'] | 'frames';
  readonly frames?: z.infer<typeof frameLossConfigSchema>;
  readonly durationsFrom?: string | undefined;
};

/** Whether an objective trains on outputs sampled from the model. */
export const samplesOutputs = (objective: TrainingConfig['objective']): boolean => objective in SECTION_OF;

/** The settings that concern copying. */
type CopySettings = Pick<TrainingConfig, 'objective' | 'coverage' | 'mixup' | 'rDrop' | 'scheduledSampling'>;

/**
 * What contradicts itself in a configuration that has a copy mechanism, or none.
 * @param copies `model.copy`
 */
export function copyProblems(
  copies: boolean,
  { objective, coverage, mixup, rDrop, scheduledSampling }: CopySettings,
): { readonly path: readonly string[]; readonly message: string }[] {
  const problem = (name: string, message: string) => ({ path: ['training', name], message });
  if (!copies) {
    return coverage > 0
      ? [problem('coverage', `coverage needs model.copy, but coverage is ${coverage} and copy is false`)]
      : [];
  }
  return [
    ...(!samplesOutputs(objective)
      ? []
      : [
          problem(
            'objective',
            `${objective} draws its samples inside the decoding step, which cannot copy; set model.copy false`,
          ),
        ]),
    ...(mixup > 0
      ? [
          problem(
            'mixup',
            `mixup mixes two sources, and nothing can be copied from a mixture; set model.copy false, or mixup 0`,
          ),
        ]
      : []),
    ...(rDrop > 0
      ? [
          problem(
            'rDrop',
            `rDrop compares what is generated, which is a part of the prediction only; set model.copy false, or rDrop 0`,
          ),
        ]
      : []),
    ...(scheduledSampling.decay !== 'off'
      ? [
          problem(
            'scheduledSampling',
            `scheduledSampling predicts inputs without copying; set model.copy false, or decay off`,
          ),
        ]
      : []),
  ];
}
