// Text as tokens on the source side, recordings as frames on the target side.
import type { RawRow } from '../../src/data/corpus.js';
import type { ModelExample } from '../../src/data/examples.js';
import { EngineError } from '../../src/errors.js';
import type { Codec, Piece } from '../../src/task.js';
import { splitSentences } from '../../src/text/spoken/split-sentences.js';
import { spokenText } from '../../src/text/spoken/spoken-text.js';
import { EOS, type Tokenizer } from '../../src/text/tokenizer.js';
import { positionDurations } from '../sound/durations.js';
import type { SoundSetup } from '../sound/setup.js';
import { formatSpoken, parseSpoken, type SoundTargets } from '../sound/targets.js';
import { tokenizerText } from '../tokenizers.js';
import type { TextToSpeechConfig } from './config.js';

export const TOKENIZER_FILE = 'tokenizer.json';

/** The codec of text-to-speech. */
export class TextToSpeechCodec implements Codec {
  readonly sounds: SoundTargets;

  constructor(
    private readonly config: TextToSpeechConfig,
    private readonly tokenizer: Tokenizer,
    private readonly setup: SoundSetup,
  ) {
    this.sounds = setup.targets;
  }

  get vocabulary() {
    const { features, speakers } = this.sounds;
    return {
      source: this.tokenizer.vocabularySize,
      target: { features: features.numMelBins },
      ...(speakers.length > 0 ? { speakers: speakers.length } : {}),
    };
  }

  files(): Record<string, string> {
    return { [TOKENIZER_FILE]: tokenizerText(this.tokenizer), ...this.setup.files };
  }

  async encodeRow({ source, target, speaker, durations, origin }: RawRow): Promise<ModelExample> {
    const tokens = this.tokens(source);
    const frames = await this.sounds.target(target);
    return {
      source: tokens,
      target: frames,
      speaker: this.sounds.speaker(speaker, origin),
      ...(durations ? { durations: positionDurations(durations, frames, tokens.length, origin) } : {}),
    };
  }

  encodeSource(line: string): Int32Array {
    return this.tokens(parseSpoken(line).text);
  }

  unknown(line: string): string[] {
    return [...new Set(this.tokenizer.unknownTexts(said(parseSpoken(line).text, this.config)))];
  }

  async pieces(line: string): Promise<Piece[] | undefined> {
    const { maxCharacters, sentencePause, clausePause, normalization } = this.config.text;
    const spoken = parseSpoken(line);
    if (Array.from(spoken.text).length <= maxCharacters) return undefined;
    const language = normalization === 'none' ? {} : { language: normalization };
    return splitSentences(spoken.text, { maxCharacters, ...language }).map(({ text, after }) => ({
      line: formatSpoken({ ...spoken, text }),
      start: 0,
      pause: after === 'sentence' ? sentencePause : after === 'nothing' ? 0 : clausePause,
    }));
  }

  decodeOutput(): string {
    throw new EngineError('internal: the outputs of text-to-speech are no tokens');
  }

  tokenNames(_side: 'source' | 'target', tokens: Int32Array): string[] {
    return Array.from(tokens, (id) => this.tokenizer.token(id));
  }

  /** Tokens of a text with the stop token; what the vocabulary lacks is left out, for it has no sound. */
  private tokens(text: string): Int32Array {
    const ids = this.tokenizer.encode(said(text, this.config)).filter((id) => id > EOS && id !== this.unknownId);
    return Int32Array.of(...ids, EOS);
  }

  private get unknownId(): number {
    return this.tokenizer.id('<unk>') ?? -1;
  }
}

/** A text as it is said. */
export function said(text: string, { text: { normalization, lowercase } }: Pick<TextToSpeechConfig, 'text'>): string {
  const whole = text.normalize('NFC').replace(/\s+/gu, ' ').trim();
  const spoken = normalization === 'none' ? whole : spokenText(whole, normalization);
  return lowercase ? spoken.toLowerCase() : spoken;
}
