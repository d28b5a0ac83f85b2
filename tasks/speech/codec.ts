// Speech as sequences: features of audio on the source side, tokens of text on the target side.
import type { RawRow } from '../../src/data/corpus.js';
import { ctcMinimumFrames } from '../../src/data/ctc-targets.js';
import type { ModelExample } from '../../src/data/examples.js';
import type { FrameSequence } from '../../src/data/sequences.js';
import type { Random } from '../../src/random.js';
import type { Codec, Piece, WordSpan } from '../../src/task.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { tokenizerText, withStop } from '../tokenizers.js';
import type { SpeechSources } from './sources.js';

export const TOKENIZER_FILE = 'tokenizer.json';
export const TRANSCRIPT_FILE = 'transcript-tokenizer.json';

/** What a {@link SpeechCodec} works with. */
export interface SpeechParts {
  readonly sources: SpeechSources;
  readonly target: Tokenizer;
  readonly bpeDropout: number;
  /** The tokenizer of the CTC head and the text it is trained on; absent where there is no head. */
  readonly ctc?: { readonly tokenizer: Tokenizer; readonly of: 'target' | 'transcript' } | undefined;
}

/** The codec of tasks that listen and write text. */
export class SpeechCodec implements Codec {
  readonly secondsPerPosition: number;

  constructor(private readonly parts: SpeechParts) {
    this.secondsPerPosition = parts.sources.secondsPerPosition;
  }

  get vocabulary() {
    const { sources, target, ctc } = this.parts;
    return {
      source: { features: sources.dim },
      target: target.vocabularySize,
      ...(ctc ? { ctc: ctc.tokenizer.vocabularySize } : {}),
    };
  }

  files(): Record<string, string> {
    const { sources, target, ctc } = this.parts;
    return {
      [TOKENIZER_FILE]: tokenizerText(target),
      ...sources.files(),
      ...(ctc && ctc.tokenizer !== target ? { [TRANSCRIPT_FILE]: tokenizerText(ctc.tokenizer) } : {}),
    };
  }

  async encodeRow(row: RawRow, random?: Random): Promise<ModelExample> {
    const { sources, target, ctc, bpeDropout } = this.parts;
    const source = await sources.row(row.source, random);
    const tokens = withStop(target, row.target, bpeDropout, random);
    const spoken = ctc?.of === 'transcript' ? row.transcript : row.target;
    if (!ctc || spoken === undefined) return { source, target: tokens };
    const ctcTarget = ctc.tokenizer === target ? tokens.subarray(0, -1) : Int32Array.from(ctc.tokenizer.encode(spoken));
    return { source, target: tokens, ctcTarget, minimumSource: ctcMinimumFrames(ctcTarget) };
  }

  encodeSource(line: string, folder?: string): Promise<FrameSequence> {
    return this.parts.sources.line(line, folder);
  }

  pieces(line: string, folder?: string): Promise<Piece[] | undefined> {
    return this.parts.sources.pieces(line, folder);
  }

  decodeOutput(tokens: Int32Array): string {
    return this.parts.target.decode(tokens).replace(/[\r\n]+/g, ' ');
  }

  tokenNames(_side: 'source' | 'target', tokens: Int32Array): string[] {
    return Array.from(tokens, (id) => this.parts.target.token(id));
  }

  words(tokens: Int32Array): WordSpan[] {
    const { target } = this.parts;
    const spans: WordSpan[] = [];
    let before = '';
    tokens.forEach((_token, i) => {
      const text = target.decode(tokens.subarray(0, i + 1));
      const added = text.slice(before.length);
      const begins = spans.length === 0 || /^\s/.test(added) || /\s$/.test(before);
      before = text;
      const word = added.trim();
      const last = spans.at(-1);
      if (begins && word !== '') spans.push({ word, firstToken: i, lastToken: i });
      else if (last && word !== '') spans[spans.length - 1] = { ...last, word: last.word + word, lastToken: i };
    });
    return spans;
  }
}
