// Text in, label tokens out: one token a label, each at most once, the stop token when there are no more.
import type { RawRow } from '../../src/data/corpus.js';
import type { ModelExample } from '../../src/data/examples.js';
import type { OutputGrammar } from '../../src/data/output-grammar.js';
import { DataError } from '../../src/errors.js';
import type { Random } from '../../src/random.js';
import type { Codec } from '../../src/task.js';
import { EOS, SPECIAL_TOKENS } from '../../src/text/special-tokens.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { tokenizerText, withStop } from '../tokenizers.js';
import type { LabelsConfig } from './config.js';
import { joinLabels, splitLabels } from './corpus.js';

export const TOKENIZER_FILE = 'tokenizer.json';
export const LABELS_FILE = 'labels.json';

/** Ids below this are special tokens. */
const FIRST = SPECIAL_TOKENS.length;

/** What training has taught of the labels. */
export interface Labels {
  /** Each label and how many training examples have it: the most frequent first, equal ones by name. */
  readonly labels: readonly { readonly name: string; readonly count: number }[];
  /** Fewest labels of a training example: no output has fewer. */
  readonly fewest: number;
}

/** Counts labels. @param targets of the training rows @param all labels that there are besides */
export async function countLabels(targets: AsyncIterable<string>, all: readonly string[]): Promise<Labels> {
  const counts = new Map(all.map((name) => [name, 0]));
  let fewest = Number.POSITIVE_INFINITY;
  for await (const target of targets) {
    const names = splitLabels(target);
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    fewest = Math.min(fewest, names.length);
  }
  const labels = [...counts].map(([name, count]) => ({ name, count }));
  labels.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return { labels, fewest };
}

/** Reads what {@link LabelCodec.files} writes. @throws DataError for anything else */
export function parseLabels(text: string): Labels {
  try {
    const { labels, fewest } = JSON.parse(text) as Labels;
    if (Array.isArray(labels) && Number.isInteger(fewest)) return { labels, fewest };
  } catch {
    // Said below.
  }
  throw new DataError(`${LABELS_FILE}: expected labels with their counts, found something else`);
}

/** What each label counts in the loss, 1 on average over the labels of the training examples. */
function classWeights({ labels }: Labels, kind: LabelsConfig['classWeights']): number[] | undefined {
  if (kind === 'none') return undefined;
  const power = kind === 'balanced' ? 1 : 0.5;
  const raw = labels.map(({ count }) => (count === 0 ? 0 : count ** -power));
  const total = labels.reduce((sum, { count }) => sum + count, 0);
  const weighted = labels.reduce((sum, { count }, i) => sum + count * (raw[i] as number), 0);
  return raw.map((weight) => (weight * total) / weighted);
}

/** The codec of multi-label classification. */
export class LabelCodec implements Codec {
  readonly hasFreeOrder: boolean;
  private readonly isRelevance: boolean;
  private readonly ids: ReadonlyMap<string, number>;
  private readonly weights: readonly number[] | undefined;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly known: Labels,
    private readonly settings: {
      readonly decision: LabelsConfig['decision'];
      readonly bpeDropout: number;
      readonly order: LabelsConfig['order'];
      readonly classWeights: LabelsConfig['classWeights'];
    },
  ) {
    this.isRelevance = settings.decision === 'binary-relevance';
    this.hasFreeOrder = settings.order === 'free' && !this.isRelevance;
    this.ids = new Map(known.labels.map(({ name }, i) => [name, FIRST + i]));
    this.weights = classWeights(known, settings.classWeights);
  }

  get vocabulary() {
    return {
      source: this.tokenizer.vocabularySize,
      target: FIRST + this.known.labels.length,
      ...(this.isRelevance ? { relevance: true } : {}),
    };
  }

  files(): Record<string, string> {
    return {
      [TOKENIZER_FILE]: tokenizerText(this.tokenizer),
      [LABELS_FILE]: `${JSON.stringify(this.known, undefined, 1)}\n`,
    };
  }

  /** Labels that the most examples have come first. Class weights are for training only. */
  encodeRow({ source, target, origin }: RawRow, random?: Random): ModelExample {
    const ids = splitLabels(target).map((name) => {
      const id = this.ids.get(name);
      if (id === undefined) throw new DataError(`${origin}: the label "${name}" is none that the model has learned`);
      return id;
    });
    const sorted = Int32Array.from(ids).sort();
    const { weights } = this;
    return {
      source: withStop(this.tokenizer, source, this.settings.bpeDropout, random),
      target: Int32Array.of(...sorted, EOS),
      ...(weights && random
        ? { targetWeights: Float32Array.of(...Array.from(sorted, (id) => weights[id - FIRST] ?? 1), 1) }
        : {}),
    };
  }

  encodeSource(line: string): Int32Array {
    return withStop(this.tokenizer, line, 0);
  }

  /** Labels, none twice. */
  grammar(): OutputGrammar {
    const { fewest, labels } = this.known;
    return {
      shortest: fewest,
      *following(prefix, room) {
        if (prefix.length >= fewest) yield EOS;
        if (room === 0) return;
        for (let id = FIRST; id < FIRST + labels.length; id++) if (!prefix.includes(id)) yield id;
      },
    };
  }

  decodeOutput(tokens: Int32Array): string {
    return joinLabels(this.tokenNames('target', tokens));
  }

  tokenNames(side: 'source' | 'target', tokens: Int32Array): string[] {
    if (side === 'source') return Array.from(tokens, (id) => this.tokenizer.token(id));
    return Array.from(tokens, (id) => this.known.labels[id - FIRST]?.name ?? (SPECIAL_TOKENS[id] as string));
  }
}
