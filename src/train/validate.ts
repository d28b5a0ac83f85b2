// Validation: loss of the held-out split under teacher forcing, and the task's metrics on its decoded sources.
import { fixedBatches } from '../data/batches.js';
import type { Corpus } from '../data/corpus.js';
import type { DecodingConfig } from '../decode/config.js';
import { generate } from '../decode/generate.js';
import { TransformerDecoder } from '../decode/session.js';
import type { Engine, Executable } from '../engine/types.js';
import type { MetricScore, Scorer } from '../metrics/metric.js';
import type { Codec, RunConfig } from '../task.js';
import { EOS } from '../text/special-tokens.js';
import { targetTokens, tokenBatch } from './batch.js';
import { averageName, type TrainingSetup, validationProgram } from './programs.js';

/** What one validation measured. */
export interface ValidationResult {
  /** Mean negative log-likelihood of a target token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** Share of target tokens predicted right, given the true ones before. */
  readonly accuracy: number;
  readonly metrics: Readonly<Record<string, MetricScore>>;
  /** The first few outputs, for logs. */
  readonly samples: readonly { readonly source: string; readonly reference: string; readonly output: string }[];
}

/** Validates the parameters on the engine, or their moving average where one is kept. */
export class Validator {
  private readonly bind: (name: string) => string;
  private compiled: Promise<Executable> | undefined;
  private readonly decoder: TransformerDecoder;

  /** @param createScorer absent when only the loss is asked for: nothing is decoded then */
  constructor(
    private readonly engine: Engine,
    private readonly setup: TrainingSetup,
    private readonly codec: Codec,
    private readonly config: RunConfig,
    private readonly corpus: Corpus,
    private readonly createScorer: (() => Scorer) | undefined,
  ) {
    const { parameters } = setup;
    const averaged = setup.emaDecay > 0;
    this.bind = (name) => (averaged && name in parameters ? averageName(name) : name);
    this.decoder = new TransformerDecoder(
      engine,
      { config: setup.model, parameters, vocabularySize: codec.vocabulary.target },
      { bind: this.bind },
    );
  }

  async run(): Promise<ValidationResult> {
    const loss = await this.loss();
    return { ...loss, ...(this.createScorer ? await this.decode(this.createScorer()) : { metrics: {}, samples: [] }) };
  }

  private async loss() {
    this.compiled ??= this.engine.compile(validationProgram(this.setup), { bind: this.bind });
    const executable = await this.compiled;
    const batching = { ...this.config.batching, onLong: 'skip' as const, onBlank: 'skip' as const };
    let nats = 0;
    let correct = 0;
    let tokens = 0;
    for await (const batch of fixedBatches(this.corpus, { encode: (row) => this.codec.encodeRow(row), batching })) {
      const result = await executable.run(tokenBatch(batch.examples, 1));
      nats += result.negativeLogLikelihood?.data[0] ?? Number.NaN;
      correct += result.correct?.data[0] ?? Number.NaN;
      tokens += targetTokens(batch.examples);
    }
    return { loss: nats / tokens, perplexity: Math.exp(nats / tokens), accuracy: correct / tokens };
  }

  private async decode(scorer: Scorer) {
    const { maxSourceLength, maxTokens } = this.config.batching;
    const limit = maxSourceLength ?? maxTokens;
    const sources: Int32Array[] = [];
    const texts: string[] = [];
    const references: string[] = [];
    for await (const row of this.corpus.rows()) {
      const ids = this.codec.encodeSource(row.source);
      texts.push(row.source);
      references.push(row.target);
      // A source over the limit is cut here, for this measurement only; decoding and eval have their own option for it.
      sources.push(ids.length <= limit ? ids : Int32Array.from([...ids.subarray(0, limit - 1), EOS]));
    }
    const beam = this.config.training.validationBeam;
    const decoding: DecodingConfig = { ...this.config.decoding, beam, nBest: 1 };
    const found = await generate(this.decoder, sources, decoding);
    const outputs = found.map((hypotheses) => this.codec.decodeOutput(hypotheses[0]?.tokens ?? new Int32Array(0)));
    const samples = [0, 1, 2].flatMap((i) =>
      i < texts.length
        ? [{ source: texts[i] as string, reference: references[i] as string, output: outputs[i] as string }]
        : [],
    );
    outputs.forEach((output, i) => {
      scorer.add(output, [references[i] as string]);
    });
    return { metrics: scorer.results(), samples };
  }
}
