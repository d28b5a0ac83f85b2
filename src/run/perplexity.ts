// The perplexity of references under a model: how well it foresees each token when shown those before it.
import type { RawRow } from '../data/corpus.js';
import { loadFrames, type ModelExample } from '../data/examples.js';
import { cutSource } from '../data/sequences.js';
import type { Engine, Executable, HostTensor } from '../engine/types.js';
import { UsageError } from '../errors.js';
import type { MetricScore } from '../metrics/metric.js';
import { PERPLEXITY } from '../metrics/types.js';
import { targetTokens, tokenBatch } from '../train/batch.js';
import { longestSource } from '../train/limits.js';
import { validationProgram } from '../train/programs.js';
import type { LoadedModel } from './model.js';
import type { OpenedRun } from './open.js';

/** Positions of a batch, padding included, over both sides. */
const BATCH_POSITIONS = 4096;

/** Batches of similar length. */
function batchesOf(examples: readonly ModelExample[]): ModelExample[][] {
  const size = ({ source, target }: ModelExample): number => source.length + target.length;
  const batches: ModelExample[][] = [];
  let room = 0;
  for (const example of [...examples].sort((a, b) => size(b) - size(a))) {
    // The first of a batch is its longest.
    if (batches.length === 0 || room === 0) {
      batches.push([]);
      room = Math.max(1, Math.floor(BATCH_POSITIONS / size(example)));
    }
    batches.at(-1)?.push(example);
    room -= 1;
  }
  return batches;
}

/** Collects the likelihood of references, the stop token of each included. */
export class Perplexity {
  private negativeLogLikelihood = 0;
  private tokens = 0;
  private words = 0;
  private readonly executable: Promise<Executable>;

  /** @throws UsageError for a model that writes no sequence of tokens */
  constructor(
    engine: Engine,
    private readonly run: OpenedRun,
    { config: model, parameters: values }: LoadedModel,
  ) {
    const { vocabulary } = run.codec;
    if (vocabulary.relevance) {
      throw new UsageError(
        `metrics: \`${PERPLEXITY}\` is of outputs that are written token after token, but this model decides each label by itself; leave it out`,
      );
    }
    const parameters = Object.fromEntries(
      Object.entries(values).map(([name, { shape }]: [string, HostTensor]) => [
        name,
        { shape, dtype: 'float32' as const },
      ]),
    );
    this.executable = engine.compile(validationProgram({ model, parameters, vocabulary, ctcWeight: 0 }), {
      constants: values,
    });
  }

  /** Adds rows, whose first references are what counts. Those with a blank source are passed over; long sources are cut. */
  async add(rows: readonly Omit<RawRow, 'index'>[], signal: AbortSignal | undefined): Promise<void> {
    const limit = longestSource(this.run.config);
    const examples: ModelExample[] = [];
    for (const row of rows) {
      if (row.source.trim() === '') continue;
      const example = await this.run.codec.encodeRow({ ...row, index: 0 });
      examples.push({ ...example, source: cutSource(example.source, limit) });
      this.words += row.target.split(/\s+/u).filter(Boolean).length + 1;
    }
    const executable = await this.executable;
    for (const batch of batchesOf(examples)) {
      signal?.throwIfAborted();
      const { negativeLogLikelihood } = await executable.run(
        tokenBatch(await Promise.all(batch.map(loadFrames)), 1, false),
      );
      this.negativeLogLikelihood += negativeLogLikelihood?.data[0] ?? Number.NaN;
      this.tokens += targetTokens(batch);
    }
  }

  /** The perplexity of a token; that of a word, which models of different vocabularies can be compared by, among the details. */
  result(): MetricScore {
    const { negativeLogLikelihood, tokens, words } = this;
    const score = Math.exp(negativeLogLikelihood / tokens);
    return {
      score,
      details: { perWord: Math.exp(negativeLogLikelihood / words), negativeLogLikelihood, tokens, words },
    };
  }
}
