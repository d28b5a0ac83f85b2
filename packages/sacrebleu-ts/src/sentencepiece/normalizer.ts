// Prepares text for SentencePiece: replaces characters, tidies spaces and makes them visible.
import { CharacterMap } from './character-map.js';
import type { NormalizerOptions } from './model.js';
import type { Trie } from './trie.js';

/** LOWER ONE EIGHTH BLOCK, which stands for a space. */
const SPACE_SYMBOL = '▁';

/** Applies a model's normalization, in which pieces that users defined are left as they are. */
export class Normalizer {
  private readonly map: CharacterMap | undefined;
  private readonly space: string;
  /** UTF-16 units that the last {@link next} used up. */
  private used = 0;

  /** @throws RangeError when the options' character map is not one */
  constructor(
    private readonly options: NormalizerOptions,
    private readonly spaceAsSuffix: boolean,
    private readonly userDefined: Trie,
  ) {
    this.map = options.characterMap.length === 0 ? undefined : new CharacterMap(options.characterMap);
    this.space = options.escapeSpaces ? SPACE_SYMBOL : ' ';
  }

  /** The text as the encoder wants it. Halves of surrogate pairs are replaced as in any conversion to UTF-8. */
  normalize(line: string): string {
    const { addDummyPrefix, removeExtraSpaces } = this.options;
    const text = line.replace(/[\ud800-\udfff]/gu, '\ufffd');
    let at = 0;
    if (removeExtraSpaces) {
      while (at < text.length && this.next(text, at) === ' ') at += this.used;
    }
    if (at === text.length) return '';
    let normalized = addDummyPrefix && !this.spaceAsSuffix ? this.space : '';
    let afterSpace = removeExtraSpaces;
    while (at < text.length) {
      let part = this.next(text, at);
      at += this.used;
      if (afterSpace) part = part.replace(/^ +/, '');
      if (part === '') continue;
      normalized += part.replaceAll(' ', this.space);
      afterSpace = removeExtraSpaces && part.endsWith(' ');
    }
    if (removeExtraSpaces) {
      while (normalized.endsWith(this.space)) normalized = normalized.slice(0, -1);
    }
    return addDummyPrefix && this.spaceAsSuffix ? normalized + this.space : normalized;
  }

  /** What becomes of the text from `from` on, as far as one replacement, user-defined piece or character goes. */
  private next(text: string, from: number): string {
    this.used = this.userDefined.longest(text, from);
    if (this.used === 0) {
      const replacement = this.map?.replacement(text, from);
      if (replacement !== undefined) {
        this.used = this.map!.length;
        return replacement;
      }
      this.used = text.codePointAt(from)! > 0xffff ? 2 : 1;
    }
    return text.slice(from, from + this.used);
  }
}
