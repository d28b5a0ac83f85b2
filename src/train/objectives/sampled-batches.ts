// From examples to the inputs of a training step over sampled outputs: draws, rewards, advantages.
import { type ModelExample, targetTokensOf } from '../../data/examples.js';
import { beamSettings, type DecodingConfig } from '../../decode/config.js';
import { generate } from '../../decode/generate.js';
import { drawSamples, type Sample } from '../../decode/sampler.js';
import type { TransformerDecoder } from '../../decode/session.js';
import { sourceInputs } from '../../decode/source-batch.js';
import type { Executable, HostTensor } from '../../engine/types.js';
import type { Reward } from '../../metrics/sentence.js';
import { Random } from '../../random.js';
import { BOS, EOS, PAD } from '../../text/special-tokens.js';
import { type Advantages, advantagesOf, MovingAverage, mean, spread } from './advantages.js';
import type { BatchMaker, BatchPlace, PreparedBatch } from './batch-maker.js';
import { CHUNK } from './sequence-level.js';
import type { SequenceConfig } from './settings.js';

/** What sampled batches are made with. */
export interface SamplingParts {
  readonly config: SequenceConfig;
  readonly seed: number;
  /** The model as it is being trained. */
  readonly decoder: TransformerDecoder;
  /** The text of token ids without a stop token. */
  readonly text: (tokens: Int32Array) => string;
  readonly reward: Reward;
  /** How greedy outputs are searched for, for the baseline. */
  readonly decoding: DecodingConfig;
  /** Log-probabilities of sequences under the model that training began with, where a divergence from it is charged. */
  readonly reference?: Executable | undefined;
}

/** Tokens granted on top of the multiple of the target's length. */
const EXTRA_TOKENS = 3;

/** Most tokens of a sample of a source with so many target tokens. */
const sampleLimit = ({ lengthRatio }: SequenceConfig, target: number): number =>
  Math.ceil(target * lengthRatio) + EXTRA_TOKENS;

/** The sequence of a sample, with the stop token where it was drawn. */
const sequenceOf = ({ tokens, finished }: Sample): Int32Array => (finished ? Int32Array.of(...tokens, EOS) : tokens);

/** Prepares batches of sampled outputs. */
export class SampledBatches implements BatchMaker {
  private readonly average: MovingAverage;

  constructor(private readonly parts: SamplingParts) {
    const { config } = parts;
    this.average = new MovingAverage(config.kind === 'reinforce' ? config.baselineDecay : 0);
  }

  state(): Readonly<Record<string, number>> {
    return this.average.state();
  }

  restore(state: Readonly<Record<string, number>>): void {
    this.average.restore(state);
  }

  async prepare(examples: readonly ModelExample[], place: BatchPlace): Promise<PreparedBatch> {
    const { config, reward, text } = this.parts;
    const began = performance.now();
    const drawn = await this.draw(examples, place);
    const greedy =
      config.kind === 'reinforce' && config.baseline === 'greedy' ? await this.greedy(examples) : undefined;
    const sampled = performance.now();
    const references = examples.map((example) => text(targetTokensOf(example).subarray(0, -1)));
    const score = (output: Int32Array, i: number): number => reward(text(output), references[i] as string);
    const rewards = drawn.map((samples, i) => samples.map(({ tokens }) => score(tokens, i)));
    const greedyRewards = greedy?.map((tokens, i) => score(tokens, i));
    const scored = performance.now();
    const made =
      config.kind === 'reinforce'
        ? await this.reinforce(examples, drawn, rewards, greedyRewards, place)
        : this.minimumRisk(examples, drawn, rewards, score, place);
    const all = drawn.flat();
    return {
      inputs: { ...sourceInputs(examples.map(({ source }) => source)), ...made.inputs },
      statistics: {
        reward: mean(rewards.flat()),
        rewardDeviation: mean(rewards.map(spread)),
        sampleLength: mean(all.map(({ tokens }) => tokens.length)),
        finished: mean(all.map(({ finished }) => Number(finished))),
        ...made.statistics,
      },
      seconds: { sampling: (sampled - began) / 1000, scoring: (scored - sampled) / 1000 },
    };
  }

  private draw(examples: readonly ModelExample[], { step, part }: BatchPlace): Promise<Sample[][]> {
    const { config, decoder, seed } = this.parts;
    const { samples, temperature } = config;
    const streams = examples.map((_example, i) =>
      Array.from({ length: samples }, (_, k) => new Random(seed, `sample/${part}`, step, i * samples + k)),
    );
    return drawSamples(
      decoder,
      examples.map(({ source }) => source),
      {
        samples,
        temperature,
        maxLengths: examples.map(({ target }) => sampleLimit(config, target.length)),
        uniform: (source, sample) => streams[source]?.[sample]?.uniform() ?? 0,
      },
    );
  }

  private async greedy(examples: readonly ModelExample[]): Promise<Int32Array[]> {
    const { decoder, decoding } = this.parts;
    const settings = { ...beamSettings(decoding, 1), batchSize: examples.length };
    const found = await generate(
      decoder,
      examples.map(({ source }) => source),
      settings,
    );
    return found.map(([best]) => best?.tokens ?? new Int32Array(0));
  }

  private async reinforce(
    examples: readonly ModelExample[],
    drawn: readonly (readonly Sample[])[],
    rewards: readonly (readonly number[])[],
    greedy: readonly number[] | undefined,
    { weight }: BatchPlace,
  ) {
    const config = this.parts.config as Extract<SequenceConfig, { kind: 'reinforce' }>;
    const { samples, crossEntropyWeight, entropyBonus, klWeight, rewardScale } = config;
    const gold = crossEntropyWeight > 0 ? 1 : 0;
    const rows = examples.map((example, i) => [
      ...(drawn[i] as readonly Sample[]).map(sequenceOf),
      ...(gold ? [targetTokensOf(example)] : []),
    ]);
    const { perToken, ...tensors } = sequenceTensors(rows);
    const scaled = { ...tensors, tokenScales: perToken((_i, k) => (k < samples ? 1 / config.temperature : 1)) };
    const before = klWeight > 0 ? await this.referenceScores(examples, scaled) : undefined;
    const divergence = (i: number, k: number): number =>
      before ? (drawn[i]?.[k]?.logProb as number) - (before[i * (samples + gold) + k] as number) : 0;
    // What outputs cost beside their reward depends on the model too, but the gradient of that part is 0 in expectation.
    const shaped = rewards.map((list, i) =>
      list.map(
        (value, k) =>
          value * rewardScale - entropyBonus * (drawn[i]?.[k]?.logProb as number) - klWeight * divergence(i, k),
      ),
    );
    const advantages: Advantages = advantagesOf(
      shaped,
      config,
      this.average,
      greedy?.map((value) => value * rewardScale),
    );
    const tokenWeights = perToken((i, k) =>
      k < samples ? ((advantages.values[i]?.[k] as number) * weight) / samples : crossEntropyWeight * weight,
    );
    return {
      inputs: inChunks({ ...scaled, tokenWeights }),
      statistics: {
        ...(advantages.baseline === undefined ? {} : { baseline: advantages.baseline }),
        ...(before ? { divergence: mean(drawn.flatMap((list, i) => list.map((_s, k) => divergence(i, k)))) } : {}),
      },
    };
  }

  /** @returns log-probability of every sequence, `[B·R]` */
  private async referenceScores(
    examples: readonly ModelExample[],
    tensors: Readonly<Record<string, HostTensor>>,
  ): Promise<HostTensor['data']> {
    const source = sourceInputs(examples.map((example) => example.source));
    const { logProbs } = await (this.parts.reference as Executable).run({ ...source, ...tensors });
    return (logProbs as HostTensor).data;
  }

  private minimumRisk(
    examples: readonly ModelExample[],
    drawn: readonly (readonly Sample[])[],
    rewards: readonly (readonly number[])[],
    score: (output: Int32Array, i: number) => number,
    { weight }: BatchPlace,
  ) {
    const config = this.parts.config as Extract<SequenceConfig, { kind: 'minimum-risk' }>;
    const { samples, addGold, crossEntropyWeight } = config;
    const needsGold = addGold || crossEntropyWeight > 0;
    const rows = examples.map((example, i) => [
      ...(drawn[i] as readonly Sample[]).map(sequenceOf),
      ...(needsGold ? [targetTokensOf(example)] : []),
    ]);
    const shape = [examples.length, samples + (needsGold ? 1 : 0)];
    const candidates = rows.flatMap((list) => {
      const seen = new Set<string>();
      // The true target comes last: a sample that equals it makes it a repetition, at the same risk.
      return list.map((sequence, k) => {
        const key = sequence.join();
        const counts = (k < samples || addGold) && !seen.has(key);
        seen.add(key);
        return Number(counts);
      });
    });
    const risks = rows.flatMap((list, i) =>
      list.map((sequence, k) => -(rewards[i]?.[k] ?? score(sequence.subarray(0, -1), i)) * weight),
    );
    const { perToken, ...tensors } = sequenceTensors(rows);
    return {
      inputs: {
        ...tensors,
        tokenWeights: perToken((_i, k) => (k === samples ? crossEntropyWeight * weight : 0)),
        candidates: { shape, data: Float32Array.from(candidates) },
        risks: { shape, data: Float32Array.from(risks) },
      },
      statistics: { candidates: candidates.reduce((total, one) => total + one, 0) / examples.length },
    };
  }
}

/** What REINFORCE needs of the tensors of sequences: tokens in chunks, the last one filled up with stop tokens of weight 0. */
function inChunks({
  sampleInput,
  tokenSequences,
  ...perToken
}: Record<string, HostTensor>): Record<string, HostTensor> {
  const chunked = Object.entries(perToken).map(([name, { shape, data }]): [string, HostTensor] => {
    const chunks = Math.max(1, Math.ceil((shape[0] as number) / CHUNK));
    const length = chunks * CHUNK;
    const filled = data instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
    if (name === 'tokens') filled.fill(EOS);
    filled.set(data);
    return [name, { shape: [chunks, CHUNK], data: filled }];
  });
  return { sampleInput: sampleInput as HostTensor, ...Object.fromEntries(chunked) };
}

/**
 * Sequences as padded decoder inputs, and their tokens one after another.
 * @returns the inputs, and a function that makes `[N]` numbers of one for each sequence
 */
function sequenceTensors(rows: readonly (readonly Int32Array[])[]) {
  const perSource = rows[0]?.length ?? 0;
  const flat = rows.flat();
  // A sample may be empty: cut before it began.
  const length = Math.max(1, ...flat.map((sequence) => sequence.length));
  const count = flat.reduce((total, sequence) => total + sequence.length, 0);
  const input = new Int32Array(flat.length * length).fill(PAD);
  const [places, tokens, sequences] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  let n = 0;
  flat.forEach((sequence, r) => {
    input[r * length] = BOS;
    input.set(sequence.subarray(0, -1), r * length + 1);
    sequence.forEach((token, t) => {
      places[n] = r * length + t;
      tokens[n] = token;
      sequences[n++] = r;
    });
  });
  const list = <Data extends HostTensor['data']>(data: Data) => ({ shape: [count], data });
  return {
    sampleInput: { shape: [rows.length, perSource, length], data: input },
    tokenPlaces: list(places),
    tokens: list(tokens),
    tokenSequences: list(sequences),
    perToken: (value: (source: number, k: number) => number): HostTensor =>
      list(Float32Array.from(sequences, (r) => value(Math.floor(r / perSource), r % perSource))),
  };
}
