// Outputs that are decided label by label: those whose logits are above their thresholds.
import type { SourceSequence } from '../data/sequences.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program } from '../engine/types.js';
import { targetVocabularySize } from '../model/parameters.js';
import { relevanceLogits, THRESHOLDS } from '../model/relevance.js';
import { createScope } from '../model/scope.js';
import { encodeSource } from '../model/transformer.js';
import { BOS, SPECIAL_TOKENS } from '../text/special-tokens.js';
import type { DecoderModel } from './decoder-model.js';
import type { Hypothesis } from './search/frontier.js';
import { sourceInputs, sourceSpecs, sourceTensors } from './source-batch.js';

/** Logits of a batch of sources, and the thresholds as they stand. */
interface Relevance {
  /** `[B, V]` */
  readonly logits: Float32Array;
  /** `[V]` */
  readonly thresholds: Float32Array;
  readonly tokens: number;
}

/** Outputs `logits` and `thresholds`. */
function relevanceProgram({ config, parameters, vocabulary }: DecoderModel): Program {
  return {
    name: 'relevance',
    variables: parameters,
    inputs: { ...sourceSpecs(vocabulary), begin: { shape: ['B', 'T'], dtype: 'int32' } },
    body(variables, inputs) {
      const scope = createScope(config, variables);
      const encoded = encodeSource(scope, sourceTensors(inputs));
      const logits = relevanceLogits(scope, encoded, inputs.begin as never);
      return { outputs: { logits, thresholds: scope.parameter(THRESHOLDS) } };
    },
  };
}

/** Evaluates the labels of sources with one model on one engine. */
export class RelevanceScorer {
  private compiled: Promise<Executable> | undefined;

  /** @param options as those of a `TransformerDecoder` */
  constructor(
    private readonly engine: Engine,
    private readonly model: DecoderModel,
    private readonly options: CompileOptions = {},
  ) {}

  /** @param sources with their stop tokens, or loaded frames */
  async score(sources: readonly SourceSequence[]): Promise<Relevance> {
    this.compiled ??= this.engine.compile(relevanceProgram(this.model), this.options);
    const begin = { shape: [sources.length, 1], data: new Int32Array(sources.length).fill(BOS) };
    const { logits, thresholds } = await (await this.compiled).run({ ...sourceInputs(sources), begin });
    return {
      logits: (logits as HostTensor).data as Float32Array,
      thresholds: (thresholds as HostTensor).data as Float32Array,
      tokens: targetVocabularySize(this.model.vocabulary),
    };
  }

  async dispose(): Promise<void> {
    await (await this.compiled)?.dispose();
  }
}

const logSigmoid = (x: number): number => (x > 0 ? -Math.log1p(Math.exp(-x)) : x - Math.log1p(Math.exp(x)));

/** The labels of each source that are above their thresholds, the most probable first; the score is the log-probability of all decisions. */
export function aboveThresholds({ logits, thresholds, tokens }: Relevance): Hypothesis[] {
  return Array.from({ length: logits.length / tokens }, (_, row) => {
    const own = logits.subarray(row * tokens, (row + 1) * tokens);
    const all = Array.from(own.keys()).slice(SPECIAL_TOKENS.length);
    const taken = all.filter((id) => (own[id] as number) > (thresholds[id] as number));
    taken.sort((a, b) => (own[b] as number) - (own[a] as number) || a - b);
    const chosen = new Set(taken);
    const logProb = all.reduce((sum, id) => sum + logSigmoid((chosen.has(id) ? 1 : -1) * (own[id] as number)), 0);
    const tokenLogProbs = Float32Array.from(taken, (id) => logSigmoid(own[id] as number));
    return { tokens: Int32Array.from(taken), tokenLogProbs, logProb, score: logProb, finished: true };
  });
}

/**
 * The threshold of a label at which it has the best F1 on examples; halfway between two logits, and 0 (a probability of a half) where no
 * example has the label.
 * @param logits one an example @param isTrue whether the example has the label
 */
export function bestThreshold(logits: ArrayLike<number>, isTrue: readonly boolean[]): number {
  const positives = isTrue.filter(Boolean).length;
  if (positives === 0) return 0;
  const order = Array.from(isTrue.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number));
  let [best, threshold, right] = [0, 0, 0];
  order.forEach((example, i) => {
    if (isTrue[example]) right += 1;
    const here = logits[example] as number;
    const next = logits[order[i + 1] ?? -1] ?? here - 2;
    const f1 = (2 * right) / (i + 1 + positives);
    // Between equal logits no threshold fits.
    if (next === here || f1 <= best) return;
    best = f1;
    threshold = (here + next) / 2;
  });
  return threshold;
}
