// Answers as the evaluation of SQuAD 1.1 (Rajpurkar et al., 2016) normalises and compares them.
import { phonemes as symbols } from '../error-rates/units.js';

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
/** Python's `\b(a|an|the)\b`: its word characters are letters and numbers, without the marks that may follow them. */
const ARTICLE = /(?<![\p{L}\p{N}])(?:a|an|the)(?![\p{L}\p{N}])/gu;

/**
 * An answer in lower case, without ASCII punctuation and English articles, with single spaces. The official script does the same in
 * every language, so articles of others stay, and so does punctuation such as `¿`. Normalised answers stay as they are.
 */
export function normalizeAnswer(text: string): string {
  const bare = text.toLowerCase().replace(ASCII_PUNCTUATION, '').replace(ARTICLE, ' ');
  return symbols(bare).join(' ');
}

/** F1 of the words (with their numbers) that two normalised answers share; 0 for two empty ones, as version 1.1 has it. */
export function answerF1(answer: string, gold: string): number {
  const words = symbols(answer);
  const left = new Map<string, number>();
  const goldWords = symbols(gold);
  for (const word of goldWords) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of words) {
    const count = left.get(word) ?? 0;
    if (count > 0) shared += 1;
    left.set(word, count - 1);
  }
  if (shared === 0) return 0;
  const precision = shared / words.length;
  const recall = shared / goldWords.length;
  return (2 * precision * recall) / (precision + recall);
}
