// The share of words that are pronounced wrongly: what papers on grapheme-to-phoneme conversion call their word error rate.
import { type Metric, ReferenceCount } from '../types.js';
import { phonemes, unstressedPhonemes } from './units.js';

/**
 * Percentage of outputs whose phonemes are those of none of their references: a word with several pronunciations is right if it is
 * given any of them. White space between phonemes does not matter, nor stress where the options say so. It is not `wer`, which would
 * count each phoneme as a word.
 */
export const pronunciationErrorRate: Metric = {
  name: 'pronunciationErrorRate',
  higherIsBetter: false,
  accumulate({ ignoreStress = false, lowercase }) {
    const symbols = ignoreStress ? unstressedPhonemes : phonemes;
    const read = (text: string): string => symbols(lowercase ? text.toLowerCase() : text).join(' ');
    const count = new ReferenceCount();
    let words = 0;
    let wrong = 0;
    return {
      add(hypothesis, references) {
        count.note(references);
        words += 1;
        const output = read(hypothesis);
        if (!references.some((reference) => read(reference) === output)) wrong += 1;
      },
      result: () => ({
        // Of no words there is no rate; a 0 would pass for a perfect one.
        score: words === 0 ? Number.NaN : (100 * wrong) / words,
        signature: `${count}|case:${lowercase ? 'lc' : 'mixed'}|stress:${ignoreStress ? 'ignored' : 'kept'}`,
        details: { wrong, words },
      }),
    };
  },
};
