// Rewriting a text from left to right with rules: what the first fitting rule says takes the place of what it matched.

/** What stands around a match, a line's worth of it. */
export interface Place {
  readonly before: string;
  readonly after: string;
}

/** A rule of reading aloud. */
export interface Rule {
  /** Sticky, and never matching nothing. */
  readonly pattern: RegExp;
  /** Whether it may begin inside a word too, after a letter or a digit. */
  readonly inside?: boolean;
  /** Whether what it says goes on with the word before. */
  readonly joined?: boolean;
  /** What a reader says for the match, or undefined where the rule does not hold after all. */
  readonly say: (match: RegExpExecArray, place: Place) => string | undefined;
}

/** How far a rule can see. */
const SIGHT = 80;
const WORD = /[\p{L}\p{M}\p{N}]/u;

/** Whether a character is a letter, mark or digit; half a surrogate pair is none. */
const isWord = (character: string | undefined): boolean => character !== undefined && WORD.test(character);

/** Applies the first of `rules` that holds at each place, and keeps words apart that would run together. */
export function rewrite(text: string, rules: readonly Rule[]): string {
  const written: string[] = [];
  let last = '';
  let joinsWord = false;
  let justSaid = false;
  for (let at = 0; at < text.length; ) {
    const inside = !justSaid && isWord(text[at - 1]);
    const said = sayAt(text, at, rules, inside);
    const piece = said?.words ?? text[at]!;
    // A space where a word said meets a word beside it, as in `5kg` and `MP3`.
    if ((said?.joined === false || joinsWord) && isWord(last) && isWord(piece[0])) written.push(' ');
    if (piece !== '') {
      written.push(piece);
      last = piece.at(-1)!;
    }
    joinsWord = said !== undefined;
    justSaid = said !== undefined;
    at += said?.length ?? 1;
  }
  return written.join('');
}

function sayAt(text: string, at: number, rules: readonly Rule[], inside: boolean) {
  for (const { pattern, inside: everywhere = false, joined = false, say } of rules) {
    if (inside && !everywhere) continue;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) continue;
    const end = at + match[0].length;
    const words = say(match, { before: text.slice(Math.max(0, at - SIGHT), at), after: text.slice(end, end + SIGHT) });
    if (words !== undefined) return { words, length: match[0].length, joined };
  }
  return undefined;
}

/** The sticky Unicode form of a pattern. */
export const sticky = (source: string): RegExp => new RegExp(source, 'uy');
