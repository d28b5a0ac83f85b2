// Speech on the source side: recordings as frames to be read, varied in training, and cut into pieces where they are long.
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
import { FrameSequence } from '../../src/data/sequences.js';
import { DataError } from '../../src/errors.js';
import { FRAMES_PER_POSITION } from '../../src/model/config.js';
import type { Random } from '../../src/random.js';
import type { Piece, RunConfig } from '../../src/task.js';
import { type AudioSource, formatSource, parseSource } from './lines.js';
import { NoiseFiles } from './noise.js';

/** What the configurations of all tasks that listen have. */
export interface SpeechConfig extends RunConfig {
  readonly data: RunConfig['data'] & { readonly onBadAudio: 'error' | 'skip'; readonly maxSeconds: number };
  readonly features: FeaturesConfig;
  readonly augmentation: AugmentationConfig;
  readonly segmentation: { readonly maxSeconds?: number | undefined };
}

export const CMVN_FILE = 'cmvn.json';
export const LENGTHS_FILE = 'lengths.json';

/** How long the training utterances are, in seconds: the longest, and what nine in ten do not exceed. */
export interface TrainedLengths {
  readonly longest: number;
  readonly usual: number;
}

/** What {@link SpeechSources} work with. */
export interface SourceParts {
  readonly config: SpeechConfig;
  readonly store: FeatureStore;
  /** Statistics of the training split, for `cmvn: global`. */
  readonly statistics?: CmvnStatistics | undefined;
  readonly read: AudioSource['read'];
  readonly lengths: TrainedLengths;
}

/** Recordings as sources. */
export class SpeechSources {
  /** Features of a frame. */
  readonly dim: number;
  readonly secondsPerPosition: number;
  private readonly noise: NoiseFiles;

  constructor(private readonly parts: SourceParts) {
    this.dim = featureDim(parts.config.features);
    this.noise = new NoiseFiles(parts.config.augmentation.noise.files);
    this.secondsPerPosition = (FRAMES_PER_POSITION * parts.config.features.frameShift) / 1000;
  }

  files(): Record<string, string> {
    const { statistics, lengths } = this.parts;
    return {
      [LENGTHS_FILE]: `${JSON.stringify(lengths)}\n`,
      ...(statistics ? { [CMVN_FILE]: `${JSON.stringify(statistics)}\n` } : {}),
    };
  }

  /** The frames of a row's source. @param random varies them as training asks for; absent outside training */
  row(line: string, random?: Random): Promise<FrameSequence> {
    const { config, read } = this.parts;
    const speed = random ? speedFactor(random, config.augmentation.speed) : 1;
    return this.frames({ ...parseSource(line, '.', read), speed }, random);
  }

  /** The frames of a line to decode. @param folder that a path in it starts from */
  line(line: string, folder = '.'): Promise<FrameSequence> {
    return this.frames({ ...parseSource(line, folder, this.parts.read), speed: 1 });
  }

  /** The pieces that a long source is decoded in; undefined where it is not longer than those of the training. */
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

  /** The frames of an utterance, to be read later. */
  private async frames(utterance: Utterance, random?: Random): Promise<FrameSequence> {
    const { store } = this.parts;
    const width = FRAMES_PER_POSITION * this.dim;
    const known = await store.frames(utterance);
    // Without a place in the cache the features must be made to know how many there are; they are not kept until they are
    // needed, because there may be many more to come.
    const frames = known ?? (await store.features(utterance)).frames;
    if (frames === 0) {
      throw new DataError(
        `${utterance.segment.path}: the audio is too short for a single frame; give a longer part of it`,
      );
    }
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
