// The tokens that ROUGE compares.
import { stem } from './porter.js';

/**
 * Runs of ASCII letters and digits in lower case, as in rouge_score 0.1.2 and ROUGE-1.5.5; all else separates. Text in other
 * scripts so has no tokens at all.
 *
 * @param useStemmer compare stems of words longer than three characters
 */
export function tokenize(text: string, useStemmer: boolean): string[] {
  const tokens = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return useStemmer ? tokens.map((token) => (token.length > 3 ? stem(token) : token)).filter(Boolean) : tokens;
}
