// F1 of entities and chunks that sequences of tags mark, as conlleval and seqeval count them.
import { DataError } from '../../errors.js';
import { type LabelTally, labelScores, noTally, ratio, sumOf } from '../labels/counts.js';
import { type Metric, soleReference } from '../types.js';
import { markedSpans, type Span, splitTags } from './spans.js';

/** What the tags of a corpus mark, by type. */
class EntityCounts {
  private readonly byType = new Map<string, LabelTally>();
  tags = 0;
  correctTags = 0;

  add(found: readonly Span[], expected: readonly Span[]): void {
    const isExpected = new Set(expected.map(nameOf));
    for (const span of expected) this.of(span).inReferences += 1;
    for (const span of found) {
      const counts = this.of(span);
      counts.inOutputs += 1;
      if (isExpected.has(nameOf(span))) counts.both += 1;
    }
  }

  private of({ type }: Span): LabelTally {
    const counts = this.byType.get(type) ?? noTally();
    this.byType.set(type, counts);
    return counts;
  }

  /** Scores of each type that occurs, in alphabetical order, and of all together. */
  summary() {
    const total = sumOf(this.byType.values());
    const types = [...this.byType]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, counts]) => {
        return { type, ...labelScores(counts), support: counts.inReferences, found: counts.inOutputs };
      });
    const { both: correct, inOutputs: found, inReferences: expected } = total;
    const sum = (of: (row: (typeof types)[number]) => number): number => types.reduce((all, row) => all + of(row), 0);
    const macroF1 = ratio(
      sum(({ f1 }) => f1),
      types.length,
    );
    const weightedF1 = ratio(
      sum(({ f1, support }) => f1 * support),
      expected,
    );
    const accuracy = ratio(this.correctTags, this.tags);
    return { ...labelScores(total), macroF1, weightedF1, accuracy, correct, found, expected, types };
  }
}

const nameOf = ({ type, first, last }: Span): string => `${first} ${last} ${type}`;

/**
 * F1 of entities, 0 to 1, all types together. Outputs and references are lines of tags, one for each token, such as `B-PER I-PER O`;
 * an entity counts where its type, its first and its last token are right. Tags are read as conlleval reads any, unless
 * `options.tagScheme` asks for entities that are spelt as a scheme has it; both equal seqeval's. What an output has beyond the tags
 * of its reference is wrong (`otherLength` counts such outputs, too short ones included), and what is no tag (`unreadable`) is taken for `O`.
 * @throws DataError where a reference has what is no tag
 */
export const entityF1: Metric = {
  name: 'entityF1',
  higherIsBetter: true,
  accumulate({ tagScheme = 'conlleval' }) {
    const counts = new EntityCounts();
    const details = { otherLength: 0, unreadable: 0 };
    let examples = 0;
    return {
      add(hypothesis, references) {
        examples += 1;
        const [output, reference] = [splitTags(hypothesis), splitTags(soleReference('entityF1', references))];
        const expected = markedSpans(reference, tagScheme);
        if (expected.unreadable !== undefined) {
          const wanted =
            tagScheme === 'conlleval' ? 'O, or B, I, E or S with a type, such as B-PER' : `tags of ${tagScheme}`;
          throw new DataError(`reference of example ${examples}: expected ${wanted}, found "${expected.unreadable}"`);
        }
        const found = markedSpans(output, tagScheme);
        counts.add(found.spans, expected.spans);
        counts.tags += reference.length;
        counts.correctTags += reference.filter((tag, i) => tag === output[i]).length;
        if (output.length !== reference.length) details.otherLength += 1;
        if (found.unreadable !== undefined) details.unreadable += 1;
      },
      result() {
        const { f1, ...summary } = counts.summary();
        return { score: f1, signature: `nrefs:1|scheme:${tagScheme}`, details: { ...summary, ...details } };
      },
    };
  },
};
