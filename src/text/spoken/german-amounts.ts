// German amounts read aloud: numbers, ranges, money, measures, the years that look like numbers, and a 1 before what it counts.
import { type Amount, amountPatterns, type Decimal, looksLikeYear, readAmount } from './amounts.js';
import { type Gender, germanGender } from './german-nouns.js';
import { germanCardinal, germanDigits, germanYear } from './german-numbers.js';
import type { Place, Rule } from './rewriting.js';
import { opensSentence } from './sentence-ends.js';
import { type Currency, currencyOf, UNITS } from './units.js';

const SIGNS: Readonly<Record<string, string>> = { '-': 'minus ', '+': 'plus ', '±': 'plus minus ' };
/** Scales that are abbreviated: one, several. */
const SCALE_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  Mio: ['Million', 'Millionen'],
  Mrd: ['Milliarde', 'Milliarden'],
  Tsd: ['tausend', 'tausend'],
  ...{ k: ['tausend', 'tausend'], K: ['tausend', 'tausend'], m: ['Million', 'Millionen'], M: ['Million', 'Millionen'] },
  ...{
    bn: ['Milliarde', 'Milliarden'],
    b: ['Milliarde', 'Milliarden'],
    B: ['Milliarde', 'Milliarden'],
    tn: ['Billion', 'Billionen'],
  },
};
const DATIVE = /(?:^|[\s("'])(?:mit|nach|seit|von|zu|ab|aus|bei|vor|in|unter|binnen|außer) $/i;
const ACCUSATIVE = /(?:^|[\s("'])(?:für|um|durch|ohne|gegen|über|pro|je) $/i;
/** After these a number names and does not count: `Kapitel 1`. */
const NAMES_BEFORE =
  /(?:Kapitel|Teil|Band|Seite|Nummer|Nr\.|Platz|Rang|Tor|Gleis|Linie|Phase|Stufe|Klasse|Typ|Artikel|Absatz|Paragraf|§|Formel|Raum|Zimmer|Punkt|Abschnitt|Aufgabe|Frage|Folge|Staffel|Version|Schritt|Bundesstraße|Autobahn|mal|plus|minus|gleich|zu) $/;
const YEAR_COUNTS =
  /^ (?:Menschen|Einwohner\p{L}*|Personen|Stück|Mal|Leute|Soldaten|Mitglieder\p{L}*|Teilnehmer\p{L}*|Studenten|Studierende|Schüler\p{L}*|Zuschauer\p{L}*|Besucher\p{L}*|Tote|Kinder\p{L}*|Frauen|Männer\p{L}*|Häuser\p{L}*|Arbeiter\p{L}*|Mitarbeiter\p{L}*|Beschäftigte|Plätze\p{L}*|Sitzplätze\p{L}*|Jahre|Jahren|Tage|Tagen|Stunden|Quadratmeter\p{L}*|Kilometer\p{L}*|Meter\p{L}*|Tonnen|Hektar|Liter\p{L}*|Euro|Dollar|Mark)(?!\p{L})/u;
const YEAR_BEFORE =
  /(?:^|\P{L})(?:Jahre?|Jahres|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Sommer|Winter|Herbst|Frühjahr|Frühling) $/u;

/** A number in words: 3,14 is `drei Komma eins vier`; with a period, `drei Punkt eins vier`. */
function germanDecimal({ whole, mark, fraction }: Decimal): string {
  const integer = germanCardinal(whole || '0');
  return fraction === '' ? integer : `${integer} ${mark === ',' ? 'Komma' : 'Punkt'} ${germanDigits(fraction)}`;
}

const isYear = (number: Decimal, { before, after }: Place): boolean =>
  looksLikeYear(number) && (YEAR_BEFORE.test(before) || !YEAR_COUNTS.test(after));
const isOne = ({ whole, mark }: Decimal): boolean => whole === '1' && mark === '';

/** `ein` with the ending that the preposition before and the gender of what it counts ask for. */
function germanOne(gender: Gender, before: string): string {
  if (DATIVE.test(before)) return gender === 'feminine' ? 'einer' : 'einem';
  if (gender === 'feminine') return 'eine';
  return gender === 'masculine' && ACCUSATIVE.test(before) ? 'einen' : 'ein';
}

/** A 1 that counts the noun behind it, or undefined: `1 Kind` is `ein Kind`, `Kapitel 1` stays `eins`. */
function oneBefore({ before, after }: Place): string | undefined {
  const noun = /^ (?:\p{Ll}\p{L}* )?(\p{Lu}\p{L}+)/u.exec(after)?.[1];
  if (noun === undefined || NAMES_BEFORE.test(before) || opensSentence(after, 'german')) return undefined;
  if (/^ (?:und|oder|bis|zu|mal|plus|minus|ist|war|sind|in|im|von|vom|auf|für|gegen) /.test(after) || noun === 'Uhr') {
    return noun === 'Uhr' ? 'ein' : undefined;
  }
  return germanOne(germanGender(noun), before);
}

function money(number: Decimal, currency: Currency, before: string): string {
  const { cents } = currency;
  const one = () => germanOne(currency.gender, before);
  if (number.fraction.length !== 2 || cents === undefined)
    return isOne(number) ? `${one()} ${currency.one}` : `${germanDecimal(number)} ${currency.many}`;
  const hundredths = number.fraction.replace(/^0/, '');
  if (/^0*$/.test(number.whole) && hundredths !== '0')
    return hundredths === '1'
      ? `${germanOne(cents.gender, before)} ${cents.one}`
      : `${germanCardinal(hundredths)} ${cents.many}`;
  const large =
    number.whole === '1' ? `${one()} ${currency.one}` : `${germanCardinal(number.whole || '0')} ${currency.many}`;
  return hundredths === '0' ? large : `${large} ${germanCardinal(hundredths)}`;
}

/** The range `first dash second`, or the difference where it cannot be a range; falling without spaces it is a result (3-2). */
function range({ first, dash }: Amount, second: Decimal, bare: boolean, place: Place): string {
  const years =
    bare && looksLikeYear(first) && (looksLikeYear(second) || (/^\d\d$/.test(second.whole) && second.mark === ''));
  const say = (number: Decimal) => (years && isYear(number, place) ? germanYear(number.whole) : germanDecimal(number));
  const falls = Number(`${second.whole}.${second.fraction}`) < Number(`${first.whole}.${first.fraction}`);
  const between = !falls || years ? 'bis' : dash.trim() === dash ? 'zu' : 'minus';
  return `${say(first)} ${between} ${say(second)}`;
}

function sayAmount(amount: Amount, place: Place): string | undefined {
  const { sign, front, first, second, hyphen, unit } = amount;
  const scale = amount.scale.replace(/\.$/, '');
  if (sign !== '' && !/(?:^|[\s(["'=:–])$/.test(place.before)) return undefined;
  const currency = currencyOf(front || unit, 'german');
  const bare = sign === '' && front === '' && scale === '' && unit === '';
  const signWord = SIGNS[sign] ?? '';
  if (currency !== undefined && scale === '' && second === undefined && (front === '' || unit === ''))
    return signWord + money(first, currency, place.before);
  const single = isOne(first) && second === undefined;
  const scaleWords = SCALE_WORDS[scale];
  const scaleWord = scaleWords?.[single ? 0 : 1] ?? scale;
  const measure =
    front !== '' || currency === undefined ? (UNITS.german.get(unit) ?? currencyOf(unit, 'german')) : undefined;
  const words = [signWord + sayNumbers(amount, scaleWord, measure?.gender, bare, place)];
  if (scale !== '') words.push(scaleWord);
  if (currency !== undefined) words.push(currency.many);
  if (measure !== undefined) words.push(single && scale === '' ? measure.one : measure.many);
  const said = words.join(hyphen ? '-' : ' ');
  // The period of `5 Mio.` and `5 Min.` may end the sentence too.
  const isAbbreviated = amount.period || (amount.scale.endsWith('.') && unit === '');
  return isAbbreviated && opensSentence(place.after, 'german') ? `${said}.` : said;
}

function sayNumbers(
  amount: Amount,
  scaleWord: string,
  gender: Gender | undefined,
  bare: boolean,
  place: Place,
): string {
  const { first, second } = amount;
  if (second !== undefined) return range(amount, second, bare, place);
  if (isOne(first)) {
    if (/^\p{Lu}/u.test(scaleWord)) return germanOne(germanGender(scaleWord), place.before);
    if (scaleWord !== '') return 'ein';
    return (gender === undefined ? oneBefore(place) : germanOne(gender, place.before)) ?? 'eins';
  }
  return bare && isYear(first, place) ? germanYear(first.whole) : germanDecimal(first);
}

/** The rules for amounts; they read any digits that stand at the beginning of a word. */
export const GERMAN_AMOUNTS: readonly Rule[] = amountPatterns('german').map((pattern) => ({
  pattern,
  say: (match, place) => sayAmount(readAmount(match, 'german'), place),
}));
