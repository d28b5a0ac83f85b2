// The normalisers write what openai/whisper's write. The random cases come from tests/reference/jiwer/normalizers.py; set
// NORMALIZER_CASES to check another file that it wrote.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { AMERICAN_SPELLING } from '../../../src/metrics/normalizers/english-spelling.js';
import { NORMALIZERS } from '../../../src/metrics/normalizers/normalize.js';

const { basic, english, none } = NORMALIZERS;
const read = (file: string | URL): unknown => JSON.parse(readFileSync(file, 'utf8'));

const file = process.env.NORMALIZER_CASES ?? new URL('normalizer-differential.json', import.meta.url);
const { cases } = read(file) as { cases: [text: string, basic: string, english: string][] };

test(`${cases.length} random texts are normalised as by Whisper`, () => {
  expect(cases.length).toBeGreaterThanOrEqual(250);
  expect(cases.filter(([text, expected]) => basic(text) !== expected)).toEqual([]);
  expect(cases.filter(([text, , expected]) => english(text) !== expected)).toEqual([]);
});

describe('the normaliser for English', () => {
  const stated = read(new URL('normalizer-cases.json', import.meta.url)) as { english: [string, string][] };

  it.each(stated.english)('writes %j as %j, as in the tests of Whisper', (text, expected) => {
    expect(english(text)).toBe(expected);
  });

  it('knows the whole table of British spellings', () => {
    // One entry of the original is two words, which no text split at spaces can have: "flyer / flier".
    expect(AMERICAN_SPELLING.size).toBe(1738);
    const lines = [...AMERICAN_SPELLING].map(([british, american]) => `${british} ${american}\n`).join('');
    expect(createHash('sha256').update(lines).digest('hex')).toBe(
      '3acad097e127fd7599982c593ce06f3a704b2794d21edfd0fb7a91d4a1798dcb',
    );
  });

  it('takes names of object properties for words', () => {
    expect(english('constructor __proto__ toString')).toBe('constructor proto tostring');
  });
});

describe('the normaliser for any language', () => {
  it('keeps letters and digits only, in lower case', () => {
    expect(basic('“Hello”, [noise] WORLD… (sighs) it’s 3.5!')).toBe(' hello world it s 3 5 ');
  });

  it('takes scripts apart that write vowels with marks, as Whisper does', () => {
    expect(basic('हिन्दी')).toBe('ह न द ');
  });
});

it('leaves text as it is where there is no normaliser', () => {
  expect(none(' A\u0301  [b] ')).toBe(' A\u0301  [b] ');
});
