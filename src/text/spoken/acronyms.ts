// Which words in capitals are spelt letter by letter (BBC) and which are read as words (NATO).
import type { Rule } from './rewriting.js';
import { sticky } from './rewriting.js';
import { opensSentence } from './sentence-ends.js';

/** Spelt although there is a vowel in them. */
const SPELT = {
  both:
    'ABC ABS ADHD AI API ATM BMI CEO CFO CIA CIO CPU CTO DIY DNA EEG EKG EU FAQ FBI GPU HIV IBM ID IOC IP IQ ISO NGO OK OS ' +
    'PDA RNA SUV UK UN URL USA USB USSR UV VIP WHO AAA UHF UHD NYC',
  english: 'US AM PM BA MA UAE AA AC IT IRS NRA UCLA USC NBA IMF UCL LA ECG AOL IRA',
  german:
    'AG AKW AOK ARD ADAC BRD CDU CSU DDR EDV EWG EZB FAZ FDP IG IHK KI KPD NVA OP ORF PKW SED UKW VHS ICE IC EC US IT',
} as const;

/** Without a vowel, but no letters to spell: sounds, and titles that other rules read. */
const NOT_SPELT = new Set(
  'HM HMM HMMM PST PSST PSSST SH SHH SHHH BRR BRRR BRRRR GRR GRRR TSK TSS TSSS PFF PFFF ZZZ ZZZZ MR MRS DR ST'.split(
    ' ',
  ),
);

/** Mixed case, spelt all the same. */
const MIXED = { both: 'PhD', english: '', german: 'AfD GmbH UdSSR Lkw Pkw Kfz' } as const;

const words = (...lists: string[]) =>
  new Set(
    lists
      .join(' ')
      .split(' ')
      .filter((word) => word !== ''),
  );

/** A word in capitals that no one spells: it tells that its neighbour may be shouted, not an acronym. */
const SHOUTED = /\p{Lu}*[AEIOUÄÖÜ]\p{Lu}*/u;

/** The rules that spell acronyms: capitals without a vowel (Y counts as one), and a short list. */
export function acronymRules(language: 'english' | 'german'): Rule[] {
  const spelt = words(SPELT.both, SPELT[language]);
  const mixed = words(MIXED.both, MIXED[language]);
  const isSpelt = (word: string) =>
    spelt.has(word) || (!/[AEIOUYÄÖÜÀ-ÆÈ-ÏÒ-ØÙ-Ý]/u.test(word) && !NOT_SPELT.has(word) && /^[A-Z]+$/.test(word));
  const isShouted = (word: string | undefined) =>
    word !== undefined && word.length > 1 && SHOUTED.test(word) && !isSpelt(word);
  return [
    {
      // `U.S.`, `Ph.D.`: the last period stays where the sentence ends with it.
      pattern: sticky('(?:\\p{Lu}\\.){2,}(?![\\p{L}\\p{N}])|Ph\\.\\s?D\\.'),
      say: ([dotted], { after }) => {
        const letters = dotted
          .toUpperCase()
          .match(/\p{Lu}/gu)!
          .join(' ');
        return opensSentence(after, language) ? `${letters}.` : letters;
      },
    },
    {
      pattern: sticky("\\p{Lu}{2,6}(?:s(?!\\p{L}))?(?!['’]?\\p{L}{2}|\\p{L})"),
      say: ([word], { before, after }) => {
        const capitals = word.replace(/s$/, '');
        if (!isSpelt(capitals)) return undefined;
        const isListed = spelt.has(capitals);
        const neighbours = [/(\p{Lu}{2,}) $/u.exec(before)?.[1], /^ (\p{Lu}{2,})(?!\p{L})/u.exec(after)?.[1]];
        if (isListed && neighbours.some(isShouted)) return undefined;
        return Array.from(capitals).join(' ') + word.slice(capitals.length);
      },
    },
    {
      pattern: sticky('\\p{L}{3,5}(?!\\p{L})'),
      say: ([word]) => (mixed.has(word) ? Array.from(word.toUpperCase()).join(' ') : undefined),
    },
  ];
}
