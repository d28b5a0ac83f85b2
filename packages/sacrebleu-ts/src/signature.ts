// Signatures: the text beside a score that says how it was computed, in sacreBLEU's own notation.
import { VERSION } from './version.js';

/** One `key:value` of a signature, with the key's short form. */
export interface SignatureField {
  key: string;
  short: string;
  value: string;
}

/**
 * The long and the short signature of a score, in sacreBLEU's order: the number of references, what a significance test
 * did, the metric's own fields, the version.
 *
 * @param references references per segment, or `'var'` when segments have different numbers of them.
 */
export function formatSignature(
  references: number | 'var',
  test: readonly SignatureField[],
  fields: readonly SignatureField[],
): { signature: string; shortSignature: string } {
  const all: SignatureField[] = [
    { key: 'nrefs', short: '#', value: String(references) },
    ...test,
    ...fields,
    { key: 'version', short: 'v', value: VERSION },
  ];
  return {
    signature: all.map(({ key, value }) => `${key}:${value}`).join('|'),
    shortSignature: all.map(({ short, value }) => `${short}:${value}`).join('|'),
  };
}
