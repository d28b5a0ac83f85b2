// The perplexity of references under a model: how well it foresees each token when shown those before it.
import { fixedBatches } from '../data/batches.js';
import type { RawRow } from '../data/corpus.js';
import { type ModelExample, RowReport } from '../data/examples.js';
import { type ListedRow, listedCorpus } from '../data/listed-corpus.js';
import type { Engine, Executable } from '../engine/types.js';
import { UsageError } from '../errors.js';
import { type MetricScore, PERPLEXITY } from '../metrics/types.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import { targetTokens, tokenBatch } from '../train/batch.js';
import { validationProgram } from '../train/programs.js';
import { heldOutEncoding, rowRemarks } from '../train/validate.js';
import type { LoadedModel } from './model.js';
import type { OpenedRun } from './open.js';
import type { RunSettings } from './types.js';

/** Words of the target of a row. */
const wordsOf = ({ target }: ListedRow): number => target.split(/\s+/u).filter(Boolean).length;

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
    const parameters = parameterVariables(parameterSpecs(model, vocabulary));
    this.executable = engine.compile(validationProgram({ model, parameters, vocabulary, ctcWeight: 0 }), {
      constants: values,
    });
  }

  /** Adds rows under the rules of validation. @param log takes warnings about rows that are left out or cut */
  async add(rows: readonly ListedRow[], signal: AbortSignal | undefined, log: RunSettings['log']): Promise<void> {
    const { config, codec } = this.run;
    const corpus = listedCorpus(rows);
    const report = new RowReport(corpus.size);
    const executable = await this.executable;
    const encode = async (row: RawRow): Promise<ModelExample> => {
      // A CTC loss has no part in this, nor have its limits.
      const { source, target } = await codec.encodeRow(row);
      return { source, target };
    };
    for await (const batch of fixedBatches(corpus, { ...heldOutEncoding(config, codec), encode }, report)) {
      signal?.throwIfAborted();
      const { negativeLogLikelihood } = await executable.run(tokenBatch(batch.examples, 1, false));
      this.negativeLogLikelihood += negativeLogLikelihood?.data[0] ?? Number.NaN;
      this.tokens += targetTokens(batch.examples);
      for (const index of batch.rows) this.words += wordsOf(rows[index] as ListedRow) + 1;
    }
    for (const remark of rowRemarks(report)) log?.(`warning: ${PERPLEXITY}: ${remark}`);
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
