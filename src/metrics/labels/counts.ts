// Counting what multi-label classification gets right, label by label.
import { DataError } from '../../errors.js';

/** What a label got: scores are fractions, 0 where they would divide by 0; `support` is how many references have it. */
interface LabelRow {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** In how many outputs and references something is. */
export interface LabelTally {
  /** In output and reference. */
  both: number;
  inOutputs: number;
  inReferences: number;
}

/** Label lists: labels with a comma and a space between them; a blank line is no labels. */
function readLabels(line: string): string[] {
  const text = line.trim();
  return text === '' ? [] : text.split(', ');
}

/** The counts of many examples. */
export class LabelCounts {
  examples = 0;
  /** Examples whose output has exactly the labels of its reference. */
  equal = 0;
  /** How often an output has a label again; it counts once. */
  repeated = 0;
  /** What outputs have and the labels given do not. */
  private readonly unknown = new Map<string, LabelTally>();
  private readonly known: Map<string, LabelTally>;

  /** @param given the labels there are; those that occur where undefined */
  constructor(private readonly given: readonly string[] | undefined) {
    this.known = new Map(given?.map((label) => [label, noTally()]));
  }

  /** @throws DataError where the reference has a label twice, or one that is not among those given */
  add(output: string, reference: string): void {
    this.examples += 1;
    const listed = readLabels(output);
    const found = new Set(listed);
    const expected = this.expected(reference);
    this.repeated += listed.length - found.size;
    let shared = 0;
    for (const label of found) {
      const counts = this.countsOf(label);
      counts.inOutputs += 1;
      if (!expected.has(label)) continue;
      counts.both += 1;
      shared += 1;
    }
    for (const label of expected) this.countsOf(label).inReferences += 1;
    if (shared === found.size && shared === expected.size) this.equal += 1;
  }

  private expected(reference: string): Set<string> {
    const labels = new Set<string>();
    for (const label of readLabels(reference)) {
      const fail = (expected: string) => {
        throw new DataError(
          `reference of example ${this.examples}: expected ${expected}, found "${label}" in "${reference}"`,
        );
      };
      if (labels.has(label)) fail('each label once');
      if (this.given && !this.known.has(label)) fail(`labels among ${this.given.join(', ')}`);
      labels.add(label);
    }
    return labels;
  }

  private countsOf(label: string): LabelTally {
    const counts = this.known.get(label) ?? this.unknown.get(label);
    if (counts) return counts;
    const fresh = noTally();
    (this.given ? this.unknown : this.known).set(label, fresh);
    return fresh;
  }

  /** All labels together, those that are not among the given ones included. */
  total(): LabelTally {
    return sumOf([...this.known.values(), ...this.unknown.values()]);
  }

  /** How many labels there are. */
  get size(): number {
    return this.known.size;
  }

  /** Labels of outputs that are not among those given, in alphabetical order. */
  get unknownLabels(): string[] {
    return [...this.unknown.keys()].sort();
  }

  /** The scores of each label, in the order given, or else in alphabetical order. */
  rows(): LabelRow[] {
    const labels = this.given ? [...this.known.keys()] : [...this.known.keys()].sort();
    return labels.map((label) => {
      const counts = this.known.get(label)!;
      return { label, ...labelScores(counts), support: counts.inReferences };
    });
  }
}

export const noTally = (): LabelTally => ({ both: 0, inOutputs: 0, inReferences: 0 });

/** All of them together. */
export function sumOf(tallies: Iterable<LabelTally>): LabelTally {
  const total = noTally();
  for (const { both, inOutputs, inReferences } of tallies) {
    total.both += both;
    total.inOutputs += inOutputs;
    total.inReferences += inReferences;
  }
  return total;
}

/** Precision, recall and F1, each 0 where it would divide by 0. */
export function labelScores({ both, inOutputs, inReferences }: LabelTally) {
  return {
    precision: ratio(both, inOutputs),
    recall: ratio(both, inReferences),
    f1: ratio(2 * both, inOutputs + inReferences),
  };
}

export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
