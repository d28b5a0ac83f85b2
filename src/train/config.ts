// The training section of a configuration.
import { z } from 'zod';

const count = z.int().min(1);

/** `training:` as written by a user. */
export const trainingConfigSchema = z
  .strictObject({
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
  })
  .superRefine((config, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (config.optimizer === 'adam' && config.weightDecay > 0) {
      fail(
        'weightDecay',
        `weightDecay needs optimizer adamw, but weightDecay is ${config.weightDecay} and optimizer is adam`,
      );
    }
    if (config.schedule !== 'constant' && config.warmupSteps > config.steps) {
      fail(
        'warmupSteps',
        `warmupSteps must be at most steps, but warmupSteps is ${config.warmupSteps} and steps is ${config.steps}`,
      );
    }
  });

/** See {@link trainingConfigSchema}. */
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
