// Dialogue acts of RNNLG: parsing, the words they become, and slots taken out of texts and put back, as the upstream does it.
import { normalize } from './normalize.mjs';

/**
 * An act with its slots in the order written. A slot without a value is asked for and has the value `?`; the spellings of yes, no,
 * none and dontcare in `specials` (`{ word: [spellings] }`, the upstream's `special_values.txt`) become those words.
 *
 * @returns `{ act, slots: [[slot, value], …] }`, or undefined for what is no act.
 */
export function parseAct(written, specials) {
  const [, act, inside] = /^([^()]+)\((.*)\)$/.exec(written) ?? [];
  if (act === undefined) return undefined;
  const bare = (text) => text.replace(/^['"]+|['"]+$/g, '');
  const slots = [];
  for (const part of inside.replaceAll(')', '').split(';')) {
    if (part === '') continue;
    const [slot, value, ...rest] = part.split('=').map(bare);
    if (rest.length > 0) return undefined;
    const special = Object.keys(specials).find((word) => specials[word].includes(value));
    slots.push([slot.replace(/[_ ]/g, ''), special ?? value ?? '?']);
  }
  return { act, slots };
}

/** What a slot's value is to the upstream's models: itself when it is one of the special words, else just some value. */
export const isSpecial = (value) => ['?', 'yes', 'no', 'none', 'dontcare'].includes(value);

/** The slots in the order of their names, those of one name as they were: acts that say the same are written the same. */
const sorted = (slots) => slots.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** The features an act has for the upstream's models, `slot.value` with values numbered (`food._1`), in a fixed order. */
export function featuresOf({ slots }) {
  const seen = new Map();
  return slots
    .map(([slot, value]) => {
      if (isSpecial(value)) return `${slot}.${value}`;
      seen.set(slot, (seen.get(slot) ?? 0) + 1);
      return `${slot}._${seen.get(slot)}`;
    })
    .sort();
}

/** Acts with this in common share their references. */
export const groupOf = (act) => [act.act, ...featuresOf(act)].join(' ');

/**
 * An act as words: its name, then each slot's name and value, ` ; ` between slots. Values are spelled as {@link normalize} spells
 * texts, so that each of their words can be copied to the output.
 */
export const linearise = ({ act, slots }) =>
  [
    act,
    sorted(slots)
      .map(([slot, value]) => `${slot} ${normalize(value)}`)
      .join(' ; '),
  ]
    .join(' ')
    .trim();

/** All orders of a few things, in the order of Python's `itertools.permutations`. */
const permutations = (items) =>
  items.length < 2
    ? [items]
    : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));

/** The first `from` between spaces becomes `to`. */
const replaceWords = (text, from, to) => ` ${text} `.replace(` ${from} `, () => ` ${to} `).slice(1, -1);

export const placeholder = (slot) => `SLOT_${slot.toUpperCase()}`;

/**
 * Takes the values of an act out of a text, the longest first and each at most once: `SLOT_NAME is cheap`. A value of several
 * parts is found in every order of the parts, joined by `and` or by `or`.
 */
export function delexicalise(text, { slots }) {
  let result = text;
  for (const [slot, value] of slots.toSorted((a, b) => b[1].length - a[1].length)) {
    if (isSpecial(value)) continue;
    const orders = permutations(value.replaceAll(' or ', ' and ').split(' and '));
    const found = [' and ', ' or '].flatMap((join) => orders.map((parts) => parts.join(join)));
    // As the upstream does it, the first that occurs decides, be it inside a longer word, where it is not replaced.
    const match = found.find((each) => result.includes(each));
    if (match !== undefined) result = replaceWords(result, match, placeholder(slot));
  }
  return result;
}

/** Puts values back, one for each mention; a mention of the type that the act says nothing of becomes `type`. */
export function relexicalise(text, { slots }, type) {
  if (slots.length === 0) return text;
  let result = text;
  for (const [slot, value] of slots.toSorted((a, b) => b[0].length - a[0].length)) {
    if (!isSpecial(value)) result = replaceWords(result, placeholder(slot), value);
  }
  return ` ${result} `.replaceAll(' SLOT_TYPE ', ` ${type} `).slice(1, -1);
}

/**
 * The values, of a list that begins with the longest, that a text still names once those of its act are taken out of it: values of
 * another act, or values named twice. A question may offer any values, so `?request` has none.
 */
export function strayValues(act, text, values) {
  const found = [];
  if (act.act === '?request') return found;
  let rest = ` ${delexicalise(text, act)} `;
  for (const value of values) {
    while (rest.includes(` ${value} `)) {
      rest = rest.replace(` ${value} `, ' | ');
      found.push(value);
    }
  }
  return found;
}
