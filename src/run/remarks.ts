// What a user should know about scored text: empty references, and subword marks that make every score wrong.
import { hasSubwordMarks } from '../metrics/metric.js';

/** A text with where it is from, as `file:line`. */
export interface PlacedText {
  readonly text: string;
  readonly origin: string;
}

/** Looks at what is scored, example by example. */
export class Remarks {
  /** Examples all of whose references are blank. */
  emptyReferences = 0;
  private firstEmpty: string | undefined;
  private readonly marked = new Map<'outputs' | 'references', string>();

  add(hypothesis: PlacedText, references: readonly PlacedText[]): void {
    const [first] = references;
    if (references.every(({ text }) => text.trim() === '')) {
      this.emptyReferences += 1;
      this.firstEmpty ??= first?.origin;
    }
    this.look('outputs', hypothesis);
    for (const reference of references) this.look('references', reference);
  }

  private look(kind: 'outputs' | 'references', { text, origin }: PlacedText): void {
    if (!this.marked.has(kind) && hasSubwordMarks(text)) this.marked.set(kind, origin);
  }

  /** The warnings, a line each. */
  warnings(): string[] {
    const marks = [...this.marked].map(
      ([kind, origin]) =>
        `warning: ${origin}: subword marks (▁ or @@) in the ${kind}; score text whose words are joined again`,
    );
    const { emptyReferences: count, firstEmpty } = this;
    if (count === 0) return marks;
    const what = count === 1 ? '1 reference is empty' : `${count} references are empty`;
    return [...marks, `warning: ${what} (first: ${firstEmpty}); an output is right there only if it is empty too`];
  }
}
