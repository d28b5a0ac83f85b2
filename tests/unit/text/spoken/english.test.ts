// English as a reader says it: what is written, and what is heard.
import { describe, expect, it } from 'vitest';
import { spokenText } from '../../../../src/text/spoken/spoken-text.js';

const cases: Record<string, [written: string, spoken: string][]> = {
  numbers: [
    [
      'I have 5 apples and 1,234,567 pears.',
      'I have five apples and one million two hundred and thirty-four thousand five hundred and sixty-seven pears.',
    ],
    ['1 000 000', 'one million'],
    ['1\u202F000\u202F000 stars', 'one million stars'],
    ['It is -5 or +5, ±3.', 'It is minus five or plus five, plus or minus three.'],
    ['3.14, .5, 0.05', 'three point one four, point five, zero point zero five'],
    ['1,2,3 and 1.2.3', 'one, two, three and one point two point three'],
    ['007', 'zero zero seven'],
  ],
  ordinals: [
    [
      'The 1st, 2nd, 3rd, 12th, 21st, 102nd and 1,000th.',
      'The first, second, third, twelfth, twenty-first, one hundred and second and one thousandth.',
    ],
  ],
  years: [
    [
      'In 1984, 2005, 1905, 1900, 1066 and 2020.',
      'In nineteen eighty-four, two thousand and five, nineteen oh five, nineteen hundred, ten sixty-six and twenty twenty.',
    ],
    ['1500 people came in 1500.', 'one thousand five hundred people came in fifteen hundred.'],
    ["The 1980s, the '90s, 80s and 1900s.", 'The nineteen eighties, the nineties, eighties and nineteen hundreds.'],
    ['1990–1995, 1990-95', 'nineteen ninety to nineteen ninety-five, nineteen ninety to ninety-five'],
    ['The 2019/20 season', 'The twenty nineteen twenty season'],
  ],
  money: [
    [
      '$5, $5.20, $0.99, $1, $1.01',
      'five dollars, five dollars and twenty cents, ninety-nine cents, one dollar, one dollar and one cent',
    ],
    ['€3.50, 5 €, £1.05, 12 USD', 'three euros and fifty cents, five euros, one pound and five pence, twelve dollars'],
    [
      '£1.5 million, $5bn, $2m, $5-10',
      'one point five million pounds, five billion dollars, two million dollars, five to ten dollars',
    ],
  ],
  measures: [
    ['5%, 5.5 %, 10-12%', 'five percent, five point five percent, ten to twelve percent'],
    [
      '-5 °C, 20°, 98.6°F, 1°',
      'minus five degrees Celsius, twenty degrees, ninety-eight point six degrees Fahrenheit, one degree',
    ],
    [
      '120 km/h, 5 m², 70kg, 1 km, 3.5 MB',
      'one hundred and twenty kilometers per hour, five square meters, seventy kilograms, one kilometer, three point five megabytes',
    ],
    ['a 5-km run for 5-year-olds', 'a five-kilometer run for five-year-olds'],
    ['It took 5 min. Then 3 min. more.', 'It took five minutes. Then three minutes more.'],
  ],
  times: [
    [
      '3:45 pm, 3:00, 12:05 a.m., 14:30, 5-6 pm',
      "three forty-five P M, three o'clock, twelve oh five A M, fourteen thirty, five to six P M",
    ],
    ['At 3 p.m. Then we left at 5 p.m.', 'At three P M. Then we left at five P M.'],
    ['14:00 and 10:20:05', 'fourteen hundred hours and ten twenty and five seconds'],
  ],
  dates: [
    ['5/12/2020', 'May twelfth, twenty twenty'],
    ['25/12/2020', 'December twenty-fifth, twenty twenty'],
    ['2020-05-12', 'May twelfth, twenty twenty'],
    ['12.5.1998', 'May twelfth, nineteen ninety-eight'],
    [
      'May 5, 2020, Jan. 5 and 5 May 1945',
      'May fifth, twenty twenty, January fifth and the fifth of May nineteen forty-five',
    ],
    ['on the 3rd of June', 'on the third of June'],
    ['45/45/2020', 'forty-five slash forty-five slash twenty twenty'],
  ],
  ranges: [['pages 10–12, 10 - 3, 3-2', 'pages ten to twelve, ten minus three, three to two']],
  fractions: [
    [
      '½ cup, 1/2, 3/4, 2 1/2, 2½ km, ½ kg, ¾ l',
      'one half cup, one half, three quarters, two and a half, two and a half kilometers, half a kilogram, three quarters of a liter',
    ],
    ['2/3, 24/7, 9/11', 'two thirds, twenty-four seven, nine eleven'],
  ],
  abbreviations: [
    ['Mr. Smith, Mrs. Jones, Ms. Bell and Dr. No', 'Mister Smith, Missus Jones, Miz Bell and Doctor No'],
    ['Mr Smith', 'Mister Smith'],
    [
      "Main St. near St. Peter's, Mulholland Dr. and 5th Ave.",
      "Main Street near Saint Peter's, Mulholland Drive and fifth Avenue.",
    ],
    ['He lives on Main St. He likes it.', 'He lives on Main Street. He likes it.'],
    [
      'St. Louis, e.g. now, i.e. today, etc. Then we left, etc.',
      'Saint Louis, for example now, that is today, et cetera. Then we left, et cetera.',
    ],
    [
      'No. 5 is good. No. See p. 5, pp. 5-7 and Fig. 3.',
      'Number five is good. No. See page five, pages five to seven and Figure three.',
    ],
    ['Washington, D.C. He moved to the U.S. Army.', 'Washington, D C. He moved to the U S Army.'],
  ],
  acronyms: [
    ['The BBC, NATO, the USA, IBM, CDs', 'The B B C, NATO, the U S A, I B M, C Ds'],
    ['MP3, B2B, H2O, 4K, COVID-19, A4', 'M P three, B two B, H two O, four K, COVID-nineteen, A four'],
    ['GIVE US THE NEWS. HMM.', 'GIVE US THE NEWS. HMM.'],
  ],
  romans: [
    [
      'Henry VIII, Louis XIV, Queen Elizabeth II, Charles I of',
      'Henry the Eighth, Louis the Fourteenth, Queen Elizabeth the Second, Charles I of',
    ],
    ['King Charles I, World War II, Chapter IV', 'King Charles the First, World War Two, Chapter Four'],
    ['I MIX it. V. Woolf', 'I MIX it. V. Woolf'],
  ],
  signs: [
    ['R&D, 2 + 2 = 4, #5, #tag, C++.', 'R and D, two plus two equals four, number five, hashtag tag, C plus plus.'],
    ['x² = 5 × 3', 'x squared equals five times three'],
    ['jo.doe@example.com', 'jo dot doe at example dot com'],
    ['See https://www.example.com/a/b.', 'See w w w dot example dot com slash a slash b.'],
    [
      '555-1234, (555) 123-4567, +1 555 12',
      'five five five, one two three four, five five five, one two three, four five six seven, plus one, five five five, one two',
    ],
  ],
  punctuation: [
    ['“Hello” — ‘yes’… well--no; so: what?!', '"Hello" – \'yes\'... well–no; so: what?!'],
    ['soft\u00ADhyphen, zero\u200Bwidth,  two\n spaces', 'softhyphen, zerowidth, two spaces'],
    ['cafe\u0301 ~ 東京 <b> | x_y', 'café ~ 東京 <b> | x_y'],
  ],
};

describe('spokenText in English', () => {
  for (const [kind, rows] of Object.entries(cases)) {
    it.each(rows)(`${kind}: %s`, (written, spoken) => {
      expect(spokenText(written, 'english')).toBe(spoken);
    });
  }
});
