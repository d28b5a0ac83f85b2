// When a German number with a period is an ordinal, and the ending it has: `am 3. Mai` is `am dritten Mai`.
import { germanGender, isGermanMonth, isOrdinalNoun } from './german-nouns.js';
import { isOpener } from './openers.js';

interface OrdinalReading {
  /** What the stem ends in: `e`, `en`, `er`, `es` or `em`. */
  readonly ending: string;
  /** Whether nothing is counted behind it, so that the period may end the sentence. */
  readonly standsAlone: boolean;
}

const LINK = '(?:,|\\/|-|–|und|oder|bis|sowie|bzw\\.)';
const EARLIER = new RegExp(`(?:\\d{1,4}\\. ?(?:\\d{1,2}\\. ?)?${LINK} ?)+$`, 'u');
const LATER = new RegExp(`^ ?(?:${LINK} ?(?:(?:der|die|das|den|dem|zum|vom|am) )?\\d{1,4}\\. ?)+`, 'u');
const COUNTED = /^ ?(?:\p{Ll}[\p{Ll}-]* ){0,2}?(\p{Lu}[\p{L}-]*)/u;

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Words with an ending after which the ordinal ends in -en; `der` and `die` depend on more. */
const BEFORE_EN = words(
  'am im vom zum zur beim den dem des einem einen einer eines keinem keinen keiner keines diesem diesen dieser jedem jeden bis ' +
    'seinem seinen seiner seines ihrem ihren ihrer ihres meinem meinen meiner meines deinem deinen deiner unserem unseren unserer ' +
    'eurem euren eurer unserm unsern aller allen jener jenem jenen',
);
const BEFORE_E = words(
  'das die ins ans aufs eine keine diese jede seine ihre meine deine unsere dieses jedes jene welche',
);
const INDEFINITE = words('ein kein sein ihr mein dein unser euer');
/** Before these a noun without an article, or `der` before a feminine, is dative or genitive. */
const OBLIQUE = words(
  'in an auf aus bei mit nach seit von zu ab vor hinter neben unter über zwischen während wegen trotz innerhalb außerhalb anlässlich ' +
    'gegenüber statt ende anfang mitte',
);
const DATIVE = words('mit nach seit von zu ab aus bei vor in an auf');
const DETERMINER = words(
  'am im vom zum zur beim der die das den dem des ins jeder jede jedes jeden jedem dieser diese dieses diesen diesem',
);

const lastWords = (text: string): [string, string] => {
  const [, earlier = '', last = ''] = /(?:(\p{L}+),? )?(\p{L}+),? ?$/u.exec(text) ?? [];
  return [earlier.toLowerCase(), last.toLowerCase()];
};

const STRONG = { masculine: 'er', feminine: 'e', neuter: 'es' } as const;

/**
 * Whether a number with a period is an ordinal, and how it ends. It is one before a month, a lower-case word or a noun that ordinals
 * often stand before (Jahrhundert, Platz, …), and after an article or a preposition that holds one (am, zum, …); else the period
 * ends a sentence. Its ending follows the article: -e after der (nominative), die, das; -en after den, dem, des, am, …; without an
 * article that of the noun's gender (`3. Platz` is `dritter Platz`), -em and -er after a preposition with the dative.
 * @param before what stands before the number
 * @param after what follows the period
 */
export function ordinalReading(before: string, digits: string, after: string): OrdinalReading | undefined {
  if (digits.length > 4 && !/^\d{5,6}$/.test(digits)) return undefined;
  const left = before.endsWith(digits) ? before.slice(0, -digits.length) : before;
  const [earlier, determiner] = lastWords(left.replace(EARLIER, ''));
  const chained = LATER.test(after);
  const right = after.replace(LATER, ' ');
  const found = COUNTED.exec(right)?.[1];
  const noun = found !== undefined && isOpener(found, ['german']) ? undefined : found;
  const hasDeterminer = DETERMINER.has(determiner) || (BEFORE_EN.has(determiner) && determiner !== 'bis');
  const isOrdinal =
    chained ||
    /^ \p{Ll}/u.test(after) ||
    (noun !== undefined && isOrdinalNoun(noun)) ||
    (hasDeterminer && !(earlier === 'um' && determiner === 'die')) ||
    (noun !== undefined && (BEFORE_E.has(determiner) || INDEFINITE.has(determiner)));
  if (!isOrdinal) return undefined;
  return { ending: endingAfter(earlier, determiner, noun), standsAlone: noun === undefined };
}

/** The ending by the word before and the noun behind. */
function endingAfter(earlier: string, determiner: string, noun: string | undefined): string {
  const gender = noun === undefined ? 'masculine' : isGermanMonth(noun) ? 'masculine' : germanGender(noun);
  if (determiner === 'der') return OBLIQUE.has(earlier) || (gender === 'feminine' && noun !== undefined) ? 'en' : 'e';
  if (determiner === 'jeder' || determiner === 'dieser') return 'e';
  if (BEFORE_EN.has(determiner)) return 'en';
  if (BEFORE_E.has(determiner)) return 'e';
  if (INDEFINITE.has(determiner)) return STRONG[gender];
  if (noun === undefined) return 'e';
  if (DATIVE.has(determiner)) return gender === 'feminine' ? 'er' : 'em';
  return STRONG[gender];
}
