// Label tokens out: one token a label, each at most once, the stop token when there are no more.
import type { RawRow } from '../../src/data/corpus.js';
import type { ModelExample } from '../../src/data/examples.js';
import type { OutputGrammar } from '../../src/data/output-grammar.js';
import type { SourceSequence } from '../../src/data/sequences.js';
import { DataError } from '../../src/errors.js';
import type { Random } from '../../src/random.js';
import type { Codec } from '../../src/task.js';
import { EOS, SPECIAL_TOKENS } from '../../src/text/special-tokens.js';
import type { LabelsConfig } from './config.js';
import { joinLabels, splitLabels } from './rules.js';

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

/** Counts labels. @param rows of the training split @param all labels that there are besides */
export async function countLabels(
  rows: AsyncIterable<Pick<RawRow, 'target'>>,
  all: readonly string[],
): Promise<Labels> {
  const counts = new Map(all.map((name) => [name, 0]));
  let fewest = Number.POSITIVE_INFINITY;
  for await (const { target } of rows) {
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

/** What has the labels. */
export interface LabelSources {
  readonly vocabulary: Codec['vocabulary']['source'];
  /** Seconds of sound that an encoder position stands for, where the source is sound. */
  readonly secondsPerPosition?: number;
  /** Files to keep in the run's `vocab/` folder, name → text. */
  files(): Record<string, string>;
  /** The source of a row. @param random absent outside training */
  row(line: string, random?: Random): SourceSequence | Promise<SourceSequence>;
  /** The source of a line to decode. @param folder that a path in the line starts from */
  line(line: string, folder?: string): SourceSequence | Promise<SourceSequence>;
  /** How its tokens are spelled, where it has any. */
  tokenNames?(tokens: Int32Array): string[];
}

/** The codec of tasks whose outputs are labels. Sources are never cut into pieces, as labels are those of the whole. */
export class LabelCodec implements Codec {
  readonly hasFreeOrder: boolean;
  readonly secondsPerPosition?: number;
  private readonly isRelevance: boolean;
  private readonly ids: ReadonlyMap<string, number>;
  private readonly weights: readonly number[] | undefined;

  constructor(
    private readonly sources: LabelSources,
    private readonly known: Labels,
    { decision, order, classWeights: kind }: Pick<LabelsConfig, 'decision' | 'order' | 'classWeights'>,
  ) {
    this.isRelevance = decision === 'binary-relevance';
    this.hasFreeOrder = order === 'free' && !this.isRelevance;
    if (sources.secondsPerPosition !== undefined) this.secondsPerPosition = sources.secondsPerPosition;
    this.ids = new Map(known.labels.map(({ name }, i) => [name, FIRST + i]));
    this.weights = classWeights(known, kind);
  }

  get vocabulary() {
    return {
      source: this.sources.vocabulary,
      target: FIRST + this.known.labels.length,
      ...(this.isRelevance ? { relevance: true } : {}),
    };
  }

  files(): Record<string, string> {
    return { ...this.sources.files(), [LABELS_FILE]: `${JSON.stringify(this.known, undefined, 1)}\n` };
  }

  /** Labels that the most examples have come first. Class weights are for training only. */
  async encodeRow({ source, target, origin }: RawRow, random?: Random): Promise<ModelExample> {
    const ids = splitLabels(target).map((name) => {
      const id = this.ids.get(name);
      if (id === undefined) throw new DataError(`${origin}: the label "${name}" is none that the model has learned`);
      return id;
    });
    const sorted = Int32Array.from(ids).sort();
    const { weights } = this;
    return {
      source: await this.sources.row(source, random),
      target: Int32Array.of(...sorted, EOS),
      ...(weights && random
        ? { targetWeights: Float32Array.of(...Array.from(sorted, (id) => weights[id - FIRST] ?? 1), 1) }
        : {}),
    };
  }

  encodeSource(line: string, folder?: string): SourceSequence | Promise<SourceSequence> {
    return this.sources.line(line, folder);
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
    if (side === 'source') return this.sources.tokenNames?.(tokens) ?? [];
    return Array.from(tokens, (id) => this.known.labels[id - FIRST]?.name ?? (SPECIAL_TOKENS[id] as string));
  }
}
