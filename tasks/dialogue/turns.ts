// Dialogues as JSON: their turns, and the lines that ask for a reply to some.
import { jsonField, jsonText, kindOf } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';

/** What somebody says before somebody else does. */
export interface Turn {
  readonly speaker: string;
  readonly text: string;
}

/** What is said before a reply. */
export interface Context {
  /** At least one. */
  readonly turns: readonly Turn[];
  /** Who replies. */
  readonly reply: string;
}

/** How much of what has been said the model reads. */
export interface Window {
  readonly contextTurns: number;
  readonly maxContextWords?: number | undefined;
}

/** The list of turns that a value of JSON is, or has as `turns`. @throws DataError when it is none */
export function turnList(value: unknown, origin: string): unknown[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const list = isObject ? jsonField(value, 'turns') : value;
  if (Array.isArray(list)) return list;
  const found = isObject ? `${kindOf(list)} under "turns"` : kindOf(value);
  throw new DataError(`${origin}: expected a list of turns, or an object with one under "turns", found ${found}`);
}

/** One turn, its text under `text` or `utterance`. @throws DataError when it is none */
export function turnOf(value: unknown, origin: string): Turn {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`${origin}: expected a turn, {"speaker": "…", "text": "…"}, found ${kindOf(value)}`);
  }
  const speaker = jsonText(jsonField(value, 'speaker'), origin, 'under "speaker"');
  if (speaker.trim() === '') throw new DataError(`${origin}: expected who speaks under "speaker", found a blank`);
  const text = jsonField(value, Object.hasOwn(value, 'text') ? 'text' : 'utterance');
  return { speaker, text: jsonText(text, origin, 'under "text" or "utterance"') };
}

const wordsOf = ({ text }: Turn): number => text.match(/\S+/g)?.length ?? 0;

/**
 * The last turns that fit: at most `contextTurns`, and of these, from the last one backwards, as many as have no more than
 * `maxContextWords` words between white space together. Turns stay whole, and the last one is always there.
 * @returns with whether turns were left out because of their words
 */
export function lastTurns(
  turns: readonly Turn[],
  { contextTurns, maxContextWords = Number.POSITIVE_INFINITY }: Window,
): { turns: readonly Turn[]; isCut: boolean } {
  const recent = turns.slice(-contextTurns);
  let first = recent.length - 1;
  let words = wordsOf(recent[first] as Turn);
  for (; first > 0; first--) {
    words += wordsOf(recent[first - 1] as Turn);
    if (words > maxContextWords) break;
  }
  return { turns: recent.slice(first), isCut: first > 0 };
}

/** How the model reads who speaks: one word. */
const marker = (speaker: string): string => `${speaker.trim().replace(/\s+/g, '_')}:`;

/** A context as the model reads it: each turn after its speaker, and last who is to reply: `user: hi there system:`. */
export function readContext({ turns, reply }: Context): string {
  return [...turns.flatMap(({ speaker, text }) => [marker(speaker), text]), marker(reply)].join(' ');
}
