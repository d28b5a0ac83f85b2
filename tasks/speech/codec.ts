// Speech as sequences: features of audio on the source side, tokens of text on the target side.
import { augmentFeatures, augmentSamples, changesSamples, speedFactor } from '../../src/audio/augment/augment.js';
import type { AugmentationConfig } from '../../src/audio/augment/config.js';
import type { FeaturesConfig } from '../../src/audio/config.js';
import { applyCmvn, type CmvnStatistics } from '../../src/audio/features/cmvn.js';
import { featureDim } from '../../src/audio/features/extractor.js';
import { audioWindows, probeAudio } from '../../src/audio/io/read.js';
import { segmentStream } from '../../src/audio/segmentation.js';
import type { Utterance } from '../../src/audio/store/extract.js';
import type { FeatureStore } from '../../src/audio/store/store.js';
import type { Audio, Features } from '../../src/audio/types.js';
import type { RawRow } from '../../src/data/corpus.js';
import { ctcMinimumFrames } from '../../src/data/ctc-targets.js';
import type { ModelExample } from '../../src/data/examples.js';
import { FrameSequence } from '../../src/data/sequences.js';
import { FRAMES_PER_POSITION } from '../../src/model/config.js';
import type { Random } from '../../src/random.js';
import type { Codec, Piece, RunConfig, WordSpan } from '../../src/task.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { tokenizerText, withStop } from '../tokenizers.js';
import { type AudioSource, formatSource, parseSource } from './lines.js';
import { NoiseFiles } from './noise.js';

/** What the configurations of both speech tasks have. */
export interface SpeechConfig extends RunConfig {
  readonly data: RunConfig['data'] & { readonly onBadAudio: 'error' | 'skip'; readonly maxSeconds: number };
  readonly features: FeaturesConfig;
  readonly augmentation: AugmentationConfig;
  readonly segmentation: { readonly maxSeconds?: number | undefined };
}

export const TOKENIZER_FILE = 'tokenizer.json';
export const TRANSCRIPT_FILE = 'transcript-tokenizer.json';
export const CMVN_FILE = 'cmvn.json';
export const LENGTHS_FILE = 'lengths.json';

/** How long the training utterances are, in seconds: the longest, and what nine in ten do not exceed. */
export interface TrainedLengths {
  readonly longest: number;
  readonly usual: number;
}

/** What a {@link SpeechCodec} works with. */
export interface SpeechParts {
  readonly config: SpeechConfig;
  readonly store: FeatureStore;
  readonly target: Tokenizer;
  readonly bpeDropout: number;
  /** The tokenizer of the CTC head and the text it is trained on; absent where there is no head. */
  readonly ctc?: { readonly tokenizer: Tokenizer; readonly of: 'target' | 'transcript' } | undefined;
  /** Statistics of the training split, for `cmvn: global`. */
  readonly statistics?: CmvnStatistics | undefined;
  readonly read: AudioSource['read'];
  readonly lengths: TrainedLengths;
}

/** The codec of tasks that listen. */
export class SpeechCodec implements Codec {
  readonly secondsPerPosition: number;
  private readonly dim: number;
  private readonly noise: NoiseFiles;

  constructor(private readonly parts: SpeechParts) {
    this.dim = featureDim(parts.config.features);
    this.noise = new NoiseFiles(parts.config.augmentation.noise.files);
    this.secondsPerPosition = (FRAMES_PER_POSITION * parts.config.features.frameShift) / 1000;
  }

  get vocabulary() {
    const { target, ctc } = this.parts;
    return {
      source: { features: this.dim },
      target: target.vocabularySize,
      ...(ctc ? { ctc: ctc.tokenizer.vocabularySize } : {}),
    };
  }

  files(): Record<string, string> {
    const { target, ctc, statistics, lengths } = this.parts;
    return {
      [TOKENIZER_FILE]: tokenizerText(target),
      [LENGTHS_FILE]: `${JSON.stringify(lengths)}\n`,
      ...(ctc && ctc.tokenizer !== target ? { [TRANSCRIPT_FILE]: tokenizerText(ctc.tokenizer) } : {}),
      ...(statistics ? { [CMVN_FILE]: `${JSON.stringify(statistics)}\n` } : {}),
    };
  }

  async encodeRow(row: RawRow, random?: Random): Promise<ModelExample> {
    const { config, target, ctc, bpeDropout, read } = this.parts;
    const speed = random ? speedFactor(random, config.augmentation.speed) : 1;
    const source = await this.frames({ ...parseSource(row.source, '.', read), speed }, random);
    const tokens = withStop(target, row.target, bpeDropout, random);
    const spoken = ctc?.of === 'transcript' ? row.transcript : row.target;
    if (!ctc || spoken === undefined) return { source, target: tokens };
    const ctcTarget = ctc.tokenizer === target ? tokens.subarray(0, -1) : Int32Array.from(ctc.tokenizer.encode(spoken));
    return { source, target: tokens, ctcTarget, minimumSource: ctcMinimumFrames(ctcTarget) };
  }

  encodeSource(line: string, folder = '.'): Promise<FrameSequence> {
    return this.frames({ ...parseSource(line, folder, this.parts.read), speed: 1 });
  }

  async pieces(line: string, folder = '.'): Promise<Piece[] | undefined> {
    const { config, lengths } = this.parts;
    const given = config.segmentation.maxSeconds;
    const maxSeconds = given ?? Math.max(lengths.usual, SHORTEST_PIECE);
    const { segment, read } = parseSource(line, folder, this.parts.read);
    const { path, start = 0, end } = segment;
    const { seconds, sampleRate } = await probeAudio(path, read);
    if ((end ?? seconds) - start <= (given ?? Math.max(lengths.longest, SHORTEST_PIECE))) return undefined;
    const pieces: Piece[] = [];
    for await (const piece of segmentStream(samplesOf(audioWindows(segment, WINDOW, read)), sampleRate, {
      maxSeconds,
    })) {
      const part = { path, start: start + piece.start, end: start + piece.end };
      pieces.push({ line: formatSource({ segment: part, read }), start: piece.start });
    }
    return pieces;
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

  /** The frames of an utterance, to be read later. */
  private async frames(utterance: Utterance, random?: Random): Promise<FrameSequence> {
    const { store } = this.parts;
    const width = FRAMES_PER_POSITION * this.dim;
    const known = await store.frames(utterance);
    // Without a place in the cache the features must be made to know how many there are; they are not kept until they are
    // needed, because there may be many more to come.
    const frames = known ?? (await store.features(utterance)).frames;
    const positions = Math.ceil(frames / FRAMES_PER_POSITION);
    const read = async (): Promise<Float32Array> => {
      const features = this.normalized(await this.features(utterance, random), random);
      const data = new Float32Array(positions * width);
      data.set(features.data);
      return data;
    };
    return new FrameSequence(positions, width, read);
  }

  /** Features of an utterance, with noise and changes of loudness where training asks for them. */
  private features(utterance: Utterance, random?: Random): Promise<Features> {
    const { store, config } = this.parts;
    const { augmentation } = config;
    if (!random || !changesSamples(augmentation)) return store.features(utterance);
    return store.changedFeatures(utterance, async (sampleRate) => {
      const recordings = await this.noise.at(sampleRate);
      return (samples) => augmentSamples(samples, augmentation, random, recordings);
    });
  }

  /** Features as the model sees them. */
  private normalized(features: Features, random?: Random): Features {
    const { config, statistics } = this.parts;
    const normal = applyCmvn(features, config.features, statistics);
    return random ? augmentFeatures(normal, config.augmentation, random) : normal;
  }
}

/** Pieces are not made shorter than this on account of short training utterances, in seconds. */
const SHORTEST_PIECE = 2;

/** Seconds of sound that are looked at at a time for pauses. */
const WINDOW = 10;

async function* samplesOf(windows: AsyncIterable<Audio>): AsyncGenerator<Float32Array> {
  for await (const { samples } of windows) yield samples;
}
