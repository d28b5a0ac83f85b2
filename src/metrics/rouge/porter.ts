// The Porter stemmer, with the changes that NLTK makes to it by default.

/** Words that the rules would spoil. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

/** For every character whether it is a consonant: all but a, e, i, o, u, and y after a consonant. */
function consonants(word: string): boolean[] {
  const flags: boolean[] = [];
  for (const character of word) {
    flags.push(character === 'y' ? !(flags.at(-1) ?? false) : !'aeiou'.includes(character));
  }
  return flags;
}

/** How often a vowel is followed by a consonant. */
function measure(stem: string): number {
  const flags = consonants(stem);
  let count = 0;
  for (let i = 1; i < flags.length; i++) if (flags[i] && !flags[i - 1]) count++;
  return count;
}

const hasVowel = (stem: string): boolean => consonants(stem).includes(false);

const endsInConsonant = (stem: string): boolean => consonants(stem).at(-1) ?? false;

/** Whether the stem ends in consonant, vowel, consonant, the last not w, x or y, or is vowel and consonant only. */
function endsShort(stem: string): boolean {
  const flags = consonants(stem);
  const [third, second, last] = [flags.at(-3), flags.at(-2), flags.at(-1)];
  if (flags.length === 2) return second === false && last === true;
  return third === true && second === false && last === true && !/[wxy]$/.test(stem);
}

/** A suffix with what takes its place. */
type Rule = readonly [suffix: string, replacement: string];

/** Applies the first rule whose suffix the word has, if the condition holds for what comes before; no other is tried. */
function apply(word: string, rules: readonly Rule[], condition: (stem: string, suffix: string) => boolean): string {
  for (const [suffix, replacement] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return condition(stem, suffix) ? stem + replacement : word;
  }
  return word;
}

const rules = (text: string): Rule[] =>
  text.split(' ').map((rule) => {
    const [suffix = '', replacement = ''] = rule.split('>');
    return [suffix, replacement];
  });

const STEP_2 = rules(
  'ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ator>ate ' +
    'alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful logi>log',
);
const STEP_3 = rules('icate>ic ative> alize>al iciti>ic ical>ic ful> ness>');
const STEP_4 = rules(
  'al> ance> ence> er> ic> able> ible> ant> ement> ment> ent> ion> ou> ism> ate> iti> ous> ive> ize>',
);

/** Plurals. */
function step1a(word: string): string {
  // Not so in the paper: `dies` is `die`.
  if (word.endsWith('ies') && word.length === 4) return word.slice(0, -1);
  return apply(word, rules('sses>ss ies>i ss>ss s>'), () => true);
}

/** Past tenses and `-ing`. */
function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find((ending) => word.endsWith(ending) && hasVowel(word.slice(0, -ending.length)));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/(.)\1$/.test(stem) && endsInConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

function step2(word: string): string {
  // The paper has this rule after `bli`, and does not go on from the result.
  if (word.endsWith('alli') && measure(word.slice(0, -4)) > 0) return step2(word.slice(0, -2));
  // The l counts as part of the stem there, for `geo` and `theo`.
  return apply(word, STEP_2, (stem, suffix) => measure(suffix === 'logi' ? `${stem}l` : stem) > 0);
}

const step4 = (word: string): string =>
  apply(word, STEP_4, (stem, suffix) => measure(stem) > 1 && (suffix !== 'ion' || /[st]$/.test(stem)));

/** A final e, and one of two final l. */
function step5(word: string): string {
  let result = word;
  if (word.endsWith('e')) {
    const stem = word.slice(0, -1);
    const size = measure(stem);
    if (size > 1 || (size === 1 && !endsShort(stem))) result = stem;
  }
  return result.endsWith('ll') && measure(result.slice(0, -1)) > 1 ? result.slice(0, -1) : result;
}

/**
 * The stem of an English word in lower case, as `nltk.stem.porter.PorterStemmer` in its default mode finds it: Porter, "An
 * algorithm for suffix stripping" (Program 14.3, 1980), with some exceptions and changed rules.
 */
export function stem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  let result = step1b(step1a(word));
  // Unlike in the paper, a consonant must precede the y, so `enjoy` stays, and no vowel need be there, so `fly` is `fli`.
  result = apply(result, [['y', 'i']], (rest) => rest.length > 1 && endsInConsonant(rest));
  result = apply(step2(result), STEP_3, (rest) => measure(rest) > 0);
  return step5(step4(result));
}
