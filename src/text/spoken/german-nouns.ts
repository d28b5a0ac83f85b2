// What the endings of German numbers need to know of nouns: their gender, and which of them ordinals stand before.

export type Gender = 'masculine' | 'feminine' | 'neuter';

const list = (words: string): ReadonlySet<string> => new Set(words.split(' '));

const FEMININE = list(
  'million billion liga person frau nacht hand stadt form zahl art tür uhr mark wahl welt bank firma uni mutter tochter schwester armee wurst maus ' +
    'brust kraft macht saison fahrt mannschaft division gasse flucht',
);
const NEUTER = list(
  'kind jahr mal buch bild spiel tor haus land jahrhundert jahrtausend jahrzehnt quartal semester geschoss obergeschoss stockwerk ' +
    'bataillon regiment korps rennen treffen album auto mitglied pfund gramm kilogramm kilo byte kilobyte megabyte gigabyte prozent ' +
    'kapitel viertel drittel achtel halbjahr lebensjahr reich gebot tier glas bier brot ei rad schiff werk dorf stück hertz volt watt ' +
    'ende auge interesse gebäude gemälde konzil triennium wort ziel team hotel zimmer opfer fest paar dutzend hundert tausend',
);
const MASCULINE = list(
  'name junge kollege gedanke buchstabe kunde zeuge russe franzose brite pole däne finne grieche türke chinese',
);
const FEMININE_ENDS = /(?:ung|heit|keit|schaft|tion|sion|tät|ik|ur|enz|anz|ei|in|e)$/;
const NEUTER_ENDS = /(?:chen|lein|ment|um|nis)$/;

/** The longest ending of a compound that a list has. */
const endsWith = (word: string, nouns: ReadonlySet<string>): number => {
  for (let from = 0; from < word.length - 1; from++) if (nouns.has(word.slice(from))) return word.length - from;
  return 0;
};

/** The gender of a noun in the singular by its last part or its ending; masculine where nothing tells. */
export function germanGender(noun: string): Gender {
  const word = noun.toLowerCase();
  const known = [
    ['feminine', endsWith(word, FEMININE)],
    ['neuter', endsWith(word, NEUTER)],
    ['masculine', endsWith(word, MASCULINE)],
  ] as const;
  const [gender, length] = known.reduce((best, one) => (one[1] > best[1] ? one : best));
  // `ei` and the like are found in the end of many a word, so a word of two letters must be all of it.
  if (length > 2 || length === word.length) return gender;
  if (/(?:termin|ruin|wein|stein|schein|verein|berlin|magazin|benzin)$/.test(word))
    return /zin$/.test(word) ? 'neuter' : 'masculine';
  if (FEMININE_ENDS.test(word)) return 'feminine';
  return NEUTER_ENDS.test(word) ? 'neuter' : 'masculine';
}

export const GERMAN_MONTHS =
  'Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' ');
const MONTH = new RegExp(`^(?:${GERMAN_MONTHS.join('|')}|Jan|Feb|Apr|Aug|Sept?|Okt|Nov|Dez)$`);

/** Nouns that a number and a period before them counts as an ordinal, also without an article. */
const ORDINAL_NOUN =
  /(?:jahrhundert|jahrtausend|weltkrieg|bundesliga|liga|platz|rang|preis|stock|stockwerk|etage|geschoss|klasse|schuljahr|lebensjahr|geburtstag|todestag|jahrestag|jubiläum|tag|woche|monat|quartal|semester|auflage|runde|spieltag|etappe|kapitel|akt|szene|satz|sinfonie|symphonie|mal|minute|hälfte|halbzeit|viertel|division|armee|korps|regiment|infanterie-?division|panzerdivision|bezirk|arrondissement|vorsitzender|advent|sonntag|staffel|folge|wahlperiode|legislaturperiode|gebot|dynastie|breitengrad|längengrad|grad|ausgabe|versuch|juli)$/iu;

/** Whether a word is the name of a month or its abbreviation without the period. */
export const isGermanMonth = (word: string): boolean => MONTH.test(word);

/** Whether ordinals often stand before a noun, so that `2. Weltkrieg` needs no article to be one. */
export const isOrdinalNoun = (noun: string): boolean =>
  isGermanMonth(noun) || /^(?:Jhd?|FC|SC|FFC|FSV)$/.test(noun) || ORDINAL_NOUN.test(noun);
