// ROUGE of one example: precision, recall and F1 of n-grams and of longest common subsequences.
import { Numbering } from '../edits/numbering.js';
import { lcsLength, lcsPositions } from './lcs.js';
import { tokenize } from './tokenize.js';

export type RougeType = 'rouge1' | 'rouge2' | 'rougeL' | 'rougeLsum';

/** What part of the candidate is right, what part of the reference was found, and their harmonic mean. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

function scoreOf(common: number, candidateTotal: number, referenceTotal: number): RougeScore {
  const precision = common / Math.max(candidateTotal, 1);
  const recall = common / Math.max(referenceTotal, 1);
  const sum = precision + recall;
  return { precision, recall, fmeasure: sum > 0 ? (2 * precision * recall) / sum : 0 };
}

/** N-grams with how often they occur. Tokens contain no space. */
function ngrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= tokens.length; i++) {
    const ngram = n === 1 ? tokens[i]! : tokens.slice(i, i + n).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

function scoreNgrams(reference: readonly string[], candidate: readonly string[], n: number): RougeScore {
  const expected = ngrams(reference, n);
  let common = 0;
  for (const [ngram, count] of ngrams(candidate, n)) common += Math.min(count, expected.get(ngram) ?? 0);
  return scoreOf(common, Math.max(0, candidate.length - n + 1), Math.max(0, reference.length - n + 1));
}

function scoreLongest(reference: readonly string[], candidate: readonly string[]): RougeScore {
  const numbering = new Numbering();
  const common = lcsLength(numbering.ids(reference), numbering.ids(candidate));
  return scoreOf(common, candidate.length, reference.length);
}

/** How often each token occurs in all sentences. */
function occurrences(sentences: readonly Int32Array[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const sentence of sentences) for (const token of sentence) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

const total = (sentences: readonly Int32Array[]): number => sentences.reduce((sum, { length }) => sum + length, 0);

/**
 * The union of what each sentence of the reference has in common with those of the candidate (section 3.2 of the paper). As in
 * ROUGE-1.5.5 no token counts more often than either text has it.
 */
function scoreSummary(references: readonly string[][], candidates: readonly string[][]): RougeScore {
  const numbering = new Numbering();
  const expected = references.map((sentence) => numbering.ids(sentence));
  const found = candidates.map((sentence) => numbering.ids(sentence));
  const left = [occurrences(expected), occurrences(found)] as const;
  let hits = 0;
  for (const sentence of expected) {
    const union = new Set(found.flatMap((other) => lcsPositions(sentence, other)));
    // Ids stand for tokens, so the order within the union does not matter.
    for (const position of union) {
      const token = sentence[position]!;
      if (left.some((counts) => (counts.get(token) ?? 0) === 0)) continue;
      hits += 1;
      for (const counts of left) counts.set(token, counts.get(token)! - 1);
    }
  }
  return scoreOf(hits, total(found), total(expected));
}

/**
 * ROUGE (Lin, "ROUGE: a package for automatic evaluation of summaries", 2004) as rouge_score 0.1.2 computes it.
 *
 * `rougeL` takes the text for one sentence, `rougeLsum` takes each line for one. An empty text scores 0.
 *
 * @param useStemmer compare stems of words, for English
 */
export function rouge(type: RougeType, reference: string, candidate: string, useStemmer: boolean): RougeScore {
  if (type === 'rougeLsum') {
    const sentences = (text: string) => text.split('\n').map((line) => tokenize(line, useStemmer));
    const [expected, found] = [sentences(reference), sentences(candidate)];
    // Of single sentences the union is the subsequence itself, whose length alone takes half the time.
    if (expected.length === 1 && found.length === 1) return scoreLongest(expected[0]!, found[0]!);
    return scoreSummary(expected, found);
  }
  const expected = tokenize(reference, useStemmer);
  const found = tokenize(candidate, useStemmer);
  if (type === 'rougeL') return scoreLongest(expected, found);
  return scoreNgrams(expected, found, type === 'rouge1' ? 1 : 2);
}

/**
 * ROUGE against the best of several references: the first of those with the largest F1, as rouge_score's `score_multi` chooses.
 *
 * @throws RangeError without any reference
 */
export function bestRouge(
  type: RougeType,
  references: readonly string[],
  candidate: string,
  useStemmer: boolean,
): RougeScore {
  const scores = references.map((reference) => rouge(type, reference, candidate, useStemmer));
  if (scores.length === 0)
    throw new RangeError('references: expected at least one text, found none; give every example one');
  return scores.reduce((best, score) => (score.fmeasure > best.fmeasure ? score : best));
}
