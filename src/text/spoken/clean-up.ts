// The first step of reading aloud: one form of each character, quote, dash and space.

/** Characters that cannot be seen or heard: soft hyphens, zero-width spaces and joiners, marks of the direction of writing. */
const INVISIBLE = /[\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]/g;
const GROUPED = /(?<![\d.,])\d{1,3}(?:[\u00A0\u2009\u202F]\d{3})+(?!\d)/g;

/** NFC, straight quotes, `–` for a dash and `-` for a hyphen, `...`, single spaces, none at the ends. */
export function cleanUp(text: string): string {
  return text
    .replace(INVISIBLE, '')
    .normalize('NFC')
    .replace(GROUPED, (number) => number.replace(/\D/g, ''))
    .replace(/[„“”‟«»″]/g, '"')
    .replace(/[‚‘’‛‹›′]/g, "'")
    .replace(/[\u2010\u2011]/g, '-')
    .replace(/[\u2012\u2014\u2015]|(?<!-)---?(?!-)/g, '–')
    .replace(/\u2212(?=[\d€$£])/g, '-')
    .replaceAll('\u2212', '–')
    .replaceAll('…', '...')
    .replace(/\s+/gu, ' ')
    .replace(/(?<![\d.,] ?)[1-9]\d{0,2}(?: 000)+(?![\d.,]*\d)/g, (number) => number.replaceAll(' ', ''))
    .replace(/(?<=^| )-(?= |$)/g, '–')
    .trim()
    .normalize('NFC');
}
