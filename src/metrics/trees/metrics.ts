// The metrics of trees: bracketing F1 by EVALB, and the attachment scores UAS and LAS.
import { DataError } from '../../errors.js';
import { type Metric, soleReference } from '../types.js';
import { scoreAttachments } from './attachments.js';
import { COLLINS, EvalbTotals, scoreSentence } from './evalb.js';

/**
 * Labelled bracketing F1 in percent, as EVALB (Sekine and Collins, 1997) prints it, with its other numbers. Outputs and references are
 * Penn bracketings, one a line. As in EVALB, outputs whose words are not the reference's (`errorSentences`, among them
 * `unreadableSentences`, whose brackets are no trees) and outputs without words (`skippedSentences`) count in no percentage, so a
 * score means little without their numbers.
 */
const evalbF1: Metric = {
  name: 'evalbF1',
  higherIsBetter: true,
  accumulate({ evalb = COLLINS }) {
    const all = new EvalbTotals();
    const short = new EvalbTotals();
    let examples = 0;
    return {
      add(hypothesis, references) {
        const reference = soleReference('evalbF1', references);
        examples += 1;
        const score = ofReference(examples, () => scoreSentence(hypothesis, reference, evalb));
        all.add(score);
        if (score.length <= evalb.cutoffLength) short.add(score);
      },
      result() {
        const { f1, ...details } = all.summary();
        return {
          score: f1,
          signature: `nrefs:1|params:${evalb === COLLINS ? 'COLLINS' : 'own'}`,
          details: { ...details, short: { cutoffLength: evalb.cutoffLength, ...short.summary() } },
        };
      },
    };
  },
};

/**
 * Percentage of words with the right head, and for `las` the right relation, as in the evaluation of the CoNLL 2018 shared task
 * (Zeman et al., 2018) where the words are given: punctuation counts and subtypes of relations (`pass` in `nsubj:pass`) do not. Outputs
 * and references have one line a sentence, in which each word has an item, its head (from 1; 0 is the root) and relation, as in
 * `2:nsubj 0:root 2:obj`. An output with another number of items (`otherLength`) is wrong in all words; one that is no
 * tree (`notTrees`: an item cannot be read, not exactly one root, a cycle) is compared all the same.
 */
function attachmentMetric(name: 'uas' | 'las'): Metric {
  return {
    name,
    higherIsBetter: true,
    accumulate() {
      let examples = 0;
      const details = { words: 0, correctWords: 0, otherLength: 0, notTrees: 0 };
      return {
        add(hypothesis, references) {
          const reference = soleReference(name, references);
          examples += 1;
          const score = ofReference(examples, () => scoreAttachments(hypothesis, reference));
          details.words += score.words;
          details.correctWords += name === 'las' ? score.labelled : score.heads;
          if (score.fault === 'length') details.otherLength += 1;
          if (score.fault === 'notTree') details.notTrees += 1;
        },
        result: () => ({
          score: examples === 0 ? 0 : (100 * details.correctWords) / details.words,
          signature: 'nrefs:1|punctuation:counted|subtypes:ignored',
          details: { ...details },
        }),
      };
    },
  };
}

/** Scores an example; errors, which are its reference's, tell which it is. */
function ofReference<T>(example: number, score: () => T): T {
  try {
    return score();
  } catch (error) {
    throw error instanceof DataError ? new DataError(`reference of example ${example}: ${error.message}`) : error;
  }
}

export const TREE_METRICS: readonly Metric[] = [evalbF1, attachmentMetric('uas'), attachmentMetric('las')];
