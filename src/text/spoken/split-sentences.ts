// Cuts a long text into pieces that a speech model can say: sentences, and shorter pieces of sentences that are too long.
import { UsageError } from '../../errors.js';
import type { Language } from './abbreviations.js';
import { CLOSERS, endsSentence } from './sentence-ends.js';

/** A piece of a text, and what follows it. */
export interface SpokenPiece {
  readonly text: string;
  /**
   * What ends with the piece: a `sentence`; a `clause`, at one of ; : , or a dash; a `word`, where only a space was near enough; or
   * `nothing`, inside a word of more than `maxCharacters` characters, so that no space stands between this piece and the next.
   */
  readonly after: 'sentence' | 'clause' | 'word' | 'nothing';
}

export interface SplitOptions {
  /** The most characters (Unicode code points) of a piece; at least 1. */
  readonly maxCharacters: number;
  /** Whose abbreviations and ordinals are no ends of sentences; by default those of both. */
  readonly language?: Language;
}

const SENTENCE_MARK = new RegExp(`([.!?…]+)${CLOSERS} `, 'gu');
/** How far before and after a mark is looked at. */
const SIGHT = 80;
const CLAUSE_ENDS = new RegExp(`[;:,–—]${CLOSERS}$`, 'u');

/**
 * Splits a text at the ends of its sentences, and sentences of more than `maxCharacters` characters at the last ; : , or dash
 * that is followed by a space and near enough, else at the last space, and only inside words that are longer than that. Pieces joined
 * by a space, except after `nothing`, are the text with its whitespace collapsed; the last one is always a `sentence`.
 * @throws UsageError where `maxCharacters` is no whole number of at least 1
 */
export function splitSentences(text: string, { maxCharacters, language }: SplitOptions): SpokenPiece[] {
  if (!Number.isInteger(maxCharacters) || maxCharacters < 1) {
    throw new UsageError(`maxCharacters must be a whole number of at least 1, but is ${maxCharacters}.`);
  }
  const languages: readonly Language[] = language === undefined ? ['english', 'german'] : [language];
  return sentencesOf(text.replace(/\s+/gu, ' ').trim(), languages).flatMap((sentence) => cut(sentence, maxCharacters));
}

function sentencesOf(text: string, languages: readonly Language[]): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of text.matchAll(SENTENCE_MARK)) {
    const [found, mark = ''] = match;
    const markEnds = match.index + mark.length;
    const before = text.slice(Math.max(start, match.index - SIGHT), match.index);
    if (!endsSentence(before, mark, text.slice(markEnds, markEnds + SIGHT), languages)) continue;
    const end = match.index + found.length;
    sentences.push(text.slice(start, end - 1));
    start = end;
  }
  if (start < text.length) sentences.push(text.slice(start));
  return sentences;
}

function cut(sentence: string, most: number): SpokenPiece[] {
  const pieces: SpokenPiece[] = [];
  // By code points, so that no character is cut in two.
  const characters = Array.from(sentence);
  const textOf = (from: number, to?: number) => characters.slice(from, to).join('');
  let start = 0;
  while (characters.length - start > most) {
    let end = 0;
    let clause = 0;
    // A space right behind the longest piece ends it too.
    for (let i = start + 1; i <= start + most; i++) {
      if (characters[i] !== ' ') continue;
      end = i;
      if (CLAUSE_ENDS.test(textOf(Math.max(start, i - 8), i))) clause = i;
    }
    if (end === 0) {
      pieces.push({ text: textOf(start, start + most), after: 'nothing' });
      start += most;
    } else {
      end = clause || end;
      pieces.push({ text: textOf(start, end), after: clause ? 'clause' : 'word' });
      start = end + 1;
    }
  }
  return [...pieces, { text: textOf(start), after: 'sentence' }];
}
