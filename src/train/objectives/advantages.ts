// From rewards to advantages: what a sample was better or worse than.
import type { TrainingConfig } from '../config.js';

export const mean = (list: readonly number[]): number =>
  list.length === 0 ? 0 : list.reduce((total, x) => total + x, 0) / list.length;

/** Standard deviation. */
export function spread(list: readonly number[]): number {
  const middle = mean(list);
  return Math.sqrt(mean(list.map((x) => (x - middle) ** 2)));
}

/** An average that forgets; it begins with the first value it is given. */
export class MovingAverage {
  private value: number | undefined;

  constructor(private readonly decay: number) {}

  /** The average before `next`, which then counts; `next` itself at the beginning. */
  follow(next: number): number {
    const before = this.value ?? next;
    this.value = this.decay * before + (1 - this.decay) * next;
    return before;
  }

  state(): Readonly<Record<string, number>> {
    return this.value === undefined ? {} : { rewardAverage: this.value };
  }

  restore({ rewardAverage }: Readonly<Record<string, number>>): void {
    this.value = rewardAverage;
  }
}

/** The advantage of every sample, and the mean of what was subtracted. */
export interface Advantages {
  readonly values: readonly (readonly number[])[];
  readonly baseline?: number;
}

/**
 * Subtracts the baseline of each sample. All baselines are independent of the sample that they are subtracted from, given its
 * source, so they leave the expected gradient as it is; dividing by the deviation over the batch does not quite.
 * @param rewards of the samples of each source
 * @param greedy reward of the greedy output of each source, for that baseline
 */
export function advantagesOf(
  rewards: readonly (readonly number[])[],
  { baseline, standardize }: Pick<TrainingConfig['reinforce'], 'baseline' | 'standardize'>,
  average: MovingAverage,
  greedy?: readonly number[],
): Advantages {
  const moving = baseline === 'moving-average' ? average.follow(mean(rewards.flat())) : 0;
  const baselines = rewards.map((list, i) => {
    const total = list.reduce((sum, reward) => sum + reward, 0);
    return list.map((reward) => {
      if (baseline === 'leave-one-out') return (total - reward) / (list.length - 1);
      if (baseline === 'greedy') return greedy?.[i] as number;
      return moving;
    });
  });
  const plain = rewards.map((list, i) => list.map((reward, k) => reward - (baselines[i]?.[k] as number)));
  const deviation = standardize ? spread(plain.flat()) : 1;
  // Where all samples are as good as each other there is nothing to learn, and nothing to divide by.
  const values = plain.map((list) => list.map((value) => (deviation > 0 ? value / deviation : 0)));
  return { values, ...(baseline === 'none' ? {} : { baseline: mean(baselines.flat()) }) };
}
