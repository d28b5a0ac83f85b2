// Text normalisers by name: what makes texts of different origin comparable before errors are counted.
import { normalizeBasic } from './basic.js';
import { normalizeEnglish } from './english.js';

/** `none` leaves text as it is; the others are those of Whisper (Radford et al., 2022, appendix C). */
export type NormalizerName = 'none' | 'basic' | 'english';

export const NORMALIZERS: Readonly<Record<NormalizerName, (text: string) => string>> = {
  none: (text) => text,
  basic: normalizeBasic,
  english: normalizeEnglish,
};
