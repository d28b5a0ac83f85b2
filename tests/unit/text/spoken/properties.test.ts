// What holds for any text that is read aloud: no exception, no digit left, the same words again for its own output.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spokenText } from '../../../../src/text/spoken/spoken-text.js';

/** As many as a thorough check needs: `SPOKEN_RUNS=200000 npx vitest run …`. */
const numRuns = Number(process.env.SPOKEN_RUNS ?? 1000);

const FRAGMENTS = [
  ...[
    '1',
    '2',
    '3.',
    '05',
    '12',
    '100',
    '1984',
    '2005',
    '1.000',
    '1,000',
    '3.14',
    '3,14',
    '12.5.',
    '12.5.2020',
    '5/12/2020',
    '3:45',
    '14:30',
    '1/2',
  ],
  ...[
    '½',
    '²',
    '³',
    '°',
    '°C',
    '%',
    '‰',
    '€',
    '$',
    '£',
    '+',
    '-',
    '–',
    '—',
    '−',
    '±',
    '=',
    '&',
    '@',
    '#',
    '§',
    '/',
    '×',
    '*',
    '.',
    ',',
    ';',
    ':',
    '?',
  ],
  ...[
    '!',
    '"',
    "'",
    '„',
    '“',
    '…',
    '(',
    ')',
    ' ',
    ' ',
    ' ',
    ' ',
    '\u00A0',
    '\u202F',
    '\n',
    '\u00AD',
    '\u200B',
    '\u0301',
    'e',
    '😀',
    '\uD800',
    '日本',
    '٣',
    'ﬁ',
  ],
  ...[
    'km',
    'km/h',
    'm',
    'kg',
    'h',
    'min',
    'Uhr',
    'pm',
    'p.m.',
    'Mio.',
    'Million',
    'million',
    'Euro',
    'Dr.',
    'St.',
    'Mr',
    'e.g.',
    'etc.',
    'z. B.',
    'usw.',
  ],
  ...[
    'Nr.',
    'No.',
    'Str.',
    'str.',
    'Jan.',
    'May',
    'Mai',
    'BBC',
    'NATO',
    'USA',
    'U.S.',
    'CDs',
    'MP3',
    'x',
    'VIII',
    'VIII.',
    'Henry',
    'Heinrich',
    'II',
    'War',
  ],
  ...[
    'der',
    'die',
    'am',
    'im',
    'in',
    'Die',
    'The',
    'Haus',
    'house',
    'und',
    'and',
    'st',
    'th',
    's',
    'er',
    'fach',
    '-jährig',
    'www.',
    '.com',
    'https://',
    'a@b.de',
  ],
];
const mixed = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 14 }).map((parts) => parts.join(''));
const prose = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 14 }).map((parts) => parts.join(' '));
const anyText = fc.oneof(
  mixed,
  prose,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

describe.each(['english', 'german'] as const)('spokenText in %s', (language) => {
  it('gives its own output back and leaves no digit', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const spoken = spokenText(text, language);
        expect(spokenText(spoken, language)).toBe(spoken);
        expect(spokenText(text, language)).toBe(spoken);
        expect(spoken).not.toMatch(/[0-9]/);
        expect(spoken).toBe(spoken.normalize('NFC').replace(/\s+/gu, ' ').trim());
      }),
      { numRuns },
    );
  });

  it('loses no letter but those that it reads', () => {
    const plain = fc.array(
      fc.constantFrom('haus', 'straße', 'Ärger', 'lamp', '東京', '∑', '~', '<', '>', '|', '😀', '/', '_', '^'),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(plain, (words) => {
        expect(spokenText(words.join(' '), language)).toBe(words.join(' '));
      }),
    );
  });

  it('takes time in proportion to the length', () => {
    const text = 'Am 3.5.2020 um 14:30 kamen 1,234.5 Mio. $, z. B. 12–15 % der BBC, e.g. St. No. 5. '.repeat(200);
    const start = performance.now();
    spokenText(text, language);
    for (const odd of [
      '1'.repeat(60_000),
      '1.'.repeat(30_000),
      'a.'.repeat(30_000),
      '1-'.repeat(30_000),
      'A.'.repeat(30_000),
      '- '.repeat(30_000),
    ])
      spokenText(odd, language);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
