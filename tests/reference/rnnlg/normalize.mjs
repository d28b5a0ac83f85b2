// Spells a text of RNNLG as the upstream does before training and BLEU: lower case, split punctuation, endings as words.

const words = (text) => text.split(' ');

/** Words that the upstream spells in another way; checked against its own list on every text of the four domains. */
const SPELLINGS = new Map([
  ...words('it that what there').map((word) => [`${word}'s`, `${word} is`]),
  ...words('do does did could are is was were').map((word) => [`${word}n't`, `${word} not`]),
  ...words('you they there').map((word) => [`${word}'re`, `${word} are`]),
  ...words('i we').map((word) => [`${word}'ve`, `${word} have`]),
  ...words('i you').map((word) => [`${word}'d`, `${word} would`]),
  ["i'm", 'i am'],
  ["you'll", 'you will'],
  ["can't", 'cannot'],
  ["won't", 'will not'],
  ...[
    ...words(
      'restaurant hotel laptop television computer machine dinner breakfast meal price place venue location area',
    ),
    ...words(
      'range kid card use dimension include rating constraint requirement restriction specification drive driver',
    ),
    ...words('hour port factor'),
  ].map((word) => [`${word}s`, `${word} -s`]),
  ...words('lunch inch business').map((word) => [`${word}es`, `${word} -s`]),
  ...words('policy family accessory').map((word) => [`${word.slice(0, -1)}ies`, `${word} -s`]),
  ['children', 'child -s'],
  ...words('expensive moderate cheap extreme actual typical definite most nice sure certain total').map((word) => [
    `${word}ly`,
    `${word} -ly`,
  ]),
  ['truly', 'true -ly'],
  ['cheaper', 'cheap -er'],
  ...words('kid-friendly price-range drive-range weight-range eco-rating battery-rating battery-life hard-drive').map(
    (pair) => [pair.replace('-', ''), pair.replace('-', ' ')],
  ),
  ['st', 'street'],
  ['ave', 'avenue'],
  ['upmarket', 'expensive'],
  ['inpricey', 'cheap'],
  ['teh', 'the'],
  ['#', 'number'],
  ['&', 'and'],
]);

const oneSpace = (text) => text.trim().replace(/\s+/g, ' ');

/**
 * A text as the upstream's loader spells it: without a final mark, in lower case, `? . , !` as words of their own except between
 * digits, contractions written out, plurals and adverbs as stem and ending (`hotel -s`), numbers in a row joined.
 *
 * Its rule for telephone numbers is left out: those of the data are ten digits already, and all that the rule does is to add a
 * digit to 4157522222, which occurs in training texts.
 */
export function normalize(text) {
  const marked = oneSpace(text.replace(/ [.?!]$/, '').toLowerCase())
    .replace(/;/g, ',')
    .replace(/\//g, ' and ')
    .replace(/[":<>@]/g, '')
    .replace(/ - /g, '')
    .replace(/(?<!\d)[?.,!]|[?.,!](?!\d)/g, ' $& ');
  const unquoted = oneSpace(marked).replace(/^'|'$/g, '').replace(/'\s/g, ' ').replace(/\s'/g, ' ');
  const spelled = words(oneSpace(unquoted).replaceAll(' . . ', ' . '))
    .map((word) => SPELLINGS.get(word) ?? word)
    .join(' ')
    .replace(/'s/g, " 's");
  return oneSpace(spelled).replace(/(?<=(?:^| )\d+) (?=\d+(?: |$))/g, '');
}
