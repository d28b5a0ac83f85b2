// How diverse and how long outputs are, whatever their references.
import { phonemes as symbols } from '../error-rates/units.js';
import type { Metric } from '../types.js';

/**
 * Percentage of the n-grams of words of all outputs that are distinct, after Li et al. (2016), who divide by the number of words;
 * here it is the number of n-grams, as is usual since. Words are what white space separates. The more outputs there are the lower
 * it gets, so only scores of as many outputs can be compared. 0 for no n-grams.
 */
function distinct(n: 1 | 2): Metric {
  return {
    name: `distinct-${n}`,
    higherIsBetter: true,
    accumulate({ lowercase }) {
      const seen = new Set<string>();
      let total = 0;
      return {
        add(hypothesis) {
          const words = symbols(lowercase ? hypothesis.toLowerCase() : hypothesis);
          for (let i = n; i <= words.length; i++) {
            seen.add(words.slice(i - n, i).join(' '));
            total += 1;
          }
        },
        result: () => ({
          score: total === 0 ? 0 : (100 * seen.size) / total,
          signature: `case:${lowercase ? 'lc' : 'mixed'}`,
          details: { distinct: seen.size, total },
        }),
      };
    },
  };
}

/** The mean number of words of outputs, between white space; 0 for no outputs. More is not better in itself, but counts as such. */
const responseLength: Metric = {
  name: 'responseLength',
  higherIsBetter: true,
  accumulate() {
    let outputs = 0;
    let words = 0;
    return {
      add(hypothesis) {
        outputs += 1;
        words += symbols(hypothesis).length;
      },
      result: () => ({ score: outputs === 0 ? 0 : words / outputs, details: { outputs, words } }),
    };
  },
};

export const DIVERSITY_METRICS: readonly Metric[] = [distinct(1), distinct(2), responseLength];
