// Recordings as frames on both sides, and the texts of both for the CTC heads.
import type { RawRow } from '../../src/data/corpus.js';
import { ctcMinimumFrames } from '../../src/data/ctc-targets.js';
import type { ModelExample } from '../../src/data/examples.js';
import type { FrameSequence } from '../../src/data/sequences.js';
import { EngineError } from '../../src/errors.js';
import type { Random } from '../../src/random.js';
import type { Codec, Piece } from '../../src/task.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { positionDurations } from '../sound/durations.js';
import type { SoundSetup } from '../sound/setup.js';
import type { SoundTargets } from '../sound/targets.js';
import type { SpeechSources } from '../speech/sources.js';
import { tokenizerText, withStop } from '../tokenizers.js';

export const TRANSCRIPT_FILE = 'transcript-tokenizer.json';
export const TRANSLATION_FILE = 'translation-tokenizer.json';

/** A CTC head: how its text becomes tokens. */
export interface TextHead {
  readonly tokenizer: Tokenizer;
  readonly bpeDropout: number;
}

/** What a {@link SpeechToSpeechCodec} works with; a head is absent where its loss is left out. */
export interface SpeechToSpeechParts {
  readonly sources: SpeechSources;
  readonly sounds: SoundSetup;
  readonly transcript?: TextHead | undefined;
  readonly translation?: TextHead | undefined;
}

/** The codec of speech-to-speech. */
export class SpeechToSpeechCodec implements Codec {
  readonly sounds: SoundTargets;
  readonly secondsPerPosition: number;

  constructor(private readonly parts: SpeechToSpeechParts) {
    this.sounds = parts.sounds.targets;
    this.secondsPerPosition = parts.sources.secondsPerPosition;
  }

  get vocabulary() {
    const { features, speakers } = this.sounds;
    const { sources, transcript, translation } = this.parts;
    return {
      source: { features: sources.dim },
      target: { features: features.numMelBins },
      ...(speakers.length > 0 ? { speakers: speakers.length } : {}),
      ...(transcript ? { ctc: transcript.tokenizer.vocabularySize } : {}),
      ...(translation ? { targetText: translation.tokenizer.vocabularySize } : {}),
    };
  }

  files(): Record<string, string> {
    const { sources, sounds, transcript, translation } = this.parts;
    return {
      ...sources.files(),
      ...sounds.files,
      ...(transcript ? { [TRANSCRIPT_FILE]: tokenizerText(transcript.tokenizer) } : {}),
      ...(translation ? { [TRANSLATION_FILE]: tokenizerText(translation.tokenizer) } : {}),
    };
  }

  async encodeRow(row: RawRow, random?: Random): Promise<ModelExample> {
    const { sources, transcript, translation } = this.parts;
    const source = await sources.row(row.source, random);
    const target = await this.sounds.target(row.target);
    const ctcTarget = tokensOf(transcript, row.transcript, random);
    const targetText = tokensOf(translation, row.targetText, random);
    return {
      source,
      target,
      speaker: this.sounds.speaker(row.speaker, row.origin),
      ...(ctcTarget ? { ctcTarget, minimumSource: ctcMinimumFrames(ctcTarget) } : {}),
      ...(targetText ? { targetText, minimumTarget: ctcMinimumFrames(targetText) } : {}),
      ...(row.durations ? { durations: positionDurations(row.durations, target, source.length, row.origin) } : {}),
    };
  }

  encodeSource(line: string, folder?: string): Promise<FrameSequence> {
    return this.parts.sources.line(line, folder);
  }

  pieces(line: string, folder?: string): Promise<Piece[] | undefined> {
    return this.parts.sources.pieces(line, folder);
  }

  decodeOutput(): string {
    throw new EngineError('internal: the outputs of speech-to-speech are no tokens');
  }

  tokenNames(): string[] {
    throw new EngineError('internal: neither side of speech-to-speech is made of tokens');
  }
}

/** The tokens of a head, where there is one and the row has its text. */
function tokensOf(head: TextHead | undefined, text: string | undefined, random?: Random): Int32Array | undefined {
  if (!head || text === undefined || text.trim() === '') return undefined;
  return withStop(head.tokenizer, text, head.bpeDropout, random).subarray(0, -1);
}
