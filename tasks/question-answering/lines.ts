// Questions as lines: what a line to decode says, and the text that the model reads.
import { DataError } from '../../src/errors.js';

/** A question and what to answer it from. */
export interface Question {
  readonly question: string;
  readonly context: string;
}

/** What stands between the question and the context in the text that the model reads. */
const SEPARATOR = '|||';

/** Most characters of a line that an error shows. */
const SHOWN = 60;

/** The line that {@link parseLine} reads as this question. */
export const formatLine = ({ question, context }: Question): string => JSON.stringify({ question, context });

/**
 * Reads a line: a JSON object with `question` and `context`, other keys aside, or the two with a tab between them.
 * @throws DataError, which shows the line, when it is neither
 */
export function parseLine(line: string): Question {
  const fail = (found: string, cause?: unknown): never => {
    const shown = JSON.stringify(line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line);
    throw new DataError(
      `${shown}: expected {"question": …, "context": …} or a question, a tab and a context, found ${found}`,
      { cause },
    );
  };
  if (!line.trimStart().startsWith('{')) {
    const [question = '', context = '', ...rest] = line.split('\t');
    if (context.trim() === '') return fail('no context');
    if (question.trim() === '') return fail('no question');
    if (rest.length > 0) return fail(`${rest.length + 1} tabs`);
    return { question, context };
  }
  let value: { question?: unknown; context?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch (cause) {
    return fail(`invalid JSON (${(cause as Error).message})`, cause);
  }
  const { question, context } = value;
  if (typeof question !== 'string' || question.trim() === '') return fail('no text under "question"');
  if (typeof context !== 'string' || context.trim() === '') return fail('no text under "context"');
  return { question, context };
}

/** Sets punctuation at the beginnings and ends of words apart: `(in Rome).` becomes `( in Rome ) .`, `1.5` stays. */
export function splitPunctuation(text: string): string {
  return text.replace(/\S+/gu, (word) => {
    const [, before = '', inner = '', after = ''] = /^(\p{P}*)(.*?)(\p{P}*)$/su.exec(word) ?? [];
    return [...before, ...(inner === '' ? [] : [inner]), ...after].join(' ');
  });
}

/** How a model reads questions and contexts. */
export interface ReadingOptions {
  /** Whether punctuation is set apart. */
  readonly splitPunctuation: boolean;
  /** Whether the sentences of a context are read in reverse order. */
  readonly newestFirst: boolean;
}

/** The sentences of a text: each ends with `.`, `!` or `?` and white space. */
const sentencesOf = (text: string): string[] => text.trim().split(/(?<=[.!?])\s+/u);

/**
 * What the model reads of a line as sentences: the question first, so that cutting the end cuts the context. A blank line has none.
 * @throws DataError as {@link parseLine}
 */
export function readableSentences(line: string, { splitPunctuation: isApart, newestFirst }: ReadingOptions): string[] {
  if (line.trim() === '') return [];
  const { question, context } = parseLine(line);
  const sentences = sentencesOf(context);
  const pieces = [question, ...(newestFirst ? sentences.reverse() : sentences)];
  return isApart ? pieces.map(splitPunctuation) : pieces;
}

/** What it reads of a line as one text, in the same order. A blank line stays blank. @throws DataError as {@link parseLine} */
export function readableLine(line: string, { splitPunctuation: isApart, newestFirst }: ReadingOptions): string {
  if (line.trim() === '') return '';
  const { question, context } = parseLine(line);
  const text = isApart ? splitPunctuation : (part: string) => part;
  const ordered = newestFirst ? sentencesOf(context).reverse().join(' ') : context;
  return `${text(question)} ${SEPARATOR} ${text(ordered)}`;
}
