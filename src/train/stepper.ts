// Runs optimizer steps on the engine: batches in, loss and gradient norm out.
import type { ModelExample } from '../data/examples.js';
import type { Engine, Executable, HostTensor } from '../engine/types.js';
import { targetTokens } from './batch.js';
import type { TrainingConfig } from './config.js';
import { type DropoutSource, dropoutRates } from './dropout.js';
import { type BatchMaker, trueTargetBatches } from './objectives/batch-maker.js';
import { accumulationStep, applicationStep, trainingStep } from './programs.js';
import { learningRateAt } from './schedule.js';
import type { TrainingSetup } from './setup.js';

/** What a step measured. */
export interface StepResult {
  /** Mean smoothed loss of a target token. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly targetTokens: number;
  /** Means over the batch that its preparation reports, such as the reward of samples. */
  readonly statistics: Readonly<Record<string, number>>;
  /** Seconds by what they were spent on, where the preparation tells. */
  readonly seconds: Readonly<Record<string, number>>;
}

const scalar = (value: number): HostTensor => ({ shape: [], data: Float32Array.of(value) });

/** Compiled training steps; with accumulation, the gradients of several batches make one step. */
export class Stepper {
  private constructor(
    private readonly config: TrainingConfig,
    private readonly dropout: DropoutSource,
    private readonly usesDropout: boolean,
    private readonly maker: BatchMaker,
    private readonly whole: Executable | undefined,
    private readonly accumulate: Executable | undefined,
    private readonly apply: Executable | undefined,
  ) {}

  static async create(
    engine: Engine,
    setup: TrainingSetup,
    config: TrainingConfig,
    dropout: DropoutSource,
    maker: BatchMaker = trueTargetBatches(config, 0, setup.ctcWeight > 0),
  ): Promise<Stepper> {
    const usesDropout = dropoutRates(setup.model).length > 0;
    if (config.accumulate === 1) {
      const whole = await engine.compile(trainingStep(setup));
      return new Stepper(config, dropout, usesDropout, maker, whole, undefined, undefined);
    }
    const accumulate = await engine.compile(accumulationStep(setup));
    const apply = await engine.compile(applicationStep(setup));
    return new Stepper(config, dropout, usesDropout, maker, undefined, accumulate, apply);
  }

  /**
   * Runs one optimizer step. When loss or gradient is not finite the variables stay as they are.
   * @param step steps done before this one
   * @param batches as many as `accumulate` says
   */
  async run(step: number, batches: readonly (readonly ModelExample[])[]): Promise<StepResult> {
    const tokens = batches.reduce((sum, batch) => sum + targetTokens(batch), 0);
    const { beta1, beta2 } = this.config;
    const learningRate = learningRateAt(this.config, step + 1);
    const scalars = {
      learningRate: scalar(learningRate),
      correction1: scalar(1 / (1 - beta1 ** (step + 1))),
      correction2: scalar(1 / (1 - beta2 ** (step + 1))),
    };
    let loss = 0;
    let norm: HostTensor | undefined;
    const statistics: Record<string, number> = {};
    const seconds: Record<string, number> = {};
    for (const [part, batch] of batches.entries()) {
      const prepared = await this.maker.prepare(batch, { step, part, weight: 1 / tokens });
      for (const [name, value] of Object.entries(prepared.statistics ?? {})) {
        statistics[name] = (statistics[name] ?? 0) + value / batches.length;
      }
      for (const [name, value] of Object.entries(prepared.seconds ?? {})) {
        seconds[name] = (seconds[name] ?? 0) + value;
      }
      const inputs = {
        ...prepared.inputs,
        ...(this.usesDropout ? { dropoutOffsets: this.dropout.offsets(step, part) } : {}),
      };
      const patches = part === 0 ? this.dropout.patches(step) : [];
      const result = this.whole
        ? await this.whole.run({ ...inputs, ...scalars }, { patches })
        : await (this.accumulate as Executable).run({ ...inputs, carry: scalar(Math.min(part, 1)) }, { patches });
      loss += result.loss?.data[0] ?? Number.NaN;
      norm = result.norm;
    }
    if (this.apply) norm = (await this.apply.run(scalars)).norm;
    const gradientNorm = norm?.data[0] ?? Number.NaN;
    return { loss, gradientNorm, learningRate, targetTokens: tokens, statistics, seconds };
  }
}
