// Sound as a target: recordings as frames to be written, and frames made audible again.
import { applyCmvn, type CmvnStatistics, undoCmvn } from '../../src/audio/features/cmvn.js';
import { readAudio } from '../../src/audio/io/read.js';
import { resample } from '../../src/audio/resample.js';
import type { FeatureStore } from '../../src/audio/store/store.js';
import type { SpectrogramConfig } from '../../src/audio/synthesis/config.js';
import { spectrogramFeatures, spectrogramSizes } from '../../src/audio/synthesis/conventions.js';
import { silenceBounds } from '../../src/audio/synthesis/silence.js';
import { createVocoder } from '../../src/audio/synthesis/vocoder.js';
import type { Features } from '../../src/audio/types.js';
import type { RawRow } from '../../src/data/corpus.js';
import { FrameSequence, FrameTarget } from '../../src/data/sequences.js';
import { DataError } from '../../src/errors.js';
import type { Recording, SoundCodec } from '../../src/task.js';
import { type AudioSource, parseSource } from '../speech/lines.js';

/** How frames are made audible. */
export interface VocoderConfig {
  readonly iterations: number;
  readonly momentum: number;
}

/** What {@link SoundTargets} work with. */
export interface SoundParts {
  readonly spectrogram: SpectrogramConfig;
  readonly vocoder: VocoderConfig;
  readonly seed: number;
  /** Frames at a decoder position. */
  readonly reduction: number;
  readonly store: FeatureStore;
  /** Mean and variance of each feature over the training split. */
  readonly statistics: CmvnStatistics;
  readonly speakers: readonly string[];
  readonly read: AudioSource['read'];
  readonly lines: VoiceLines;
}

/** How lines to decode name the voice that they are to be said in. */
export interface VoiceLines {
  /** The name in a line, if there is one. @throws DataError for a line that cannot be understood */
  speakerOf(line: string): string | undefined;
  /** The line of a row's source in a voice. */
  withSpeaker(source: string, speaker: string | undefined): string;
  /** What is said of a line; the line itself unless told. */
  textOf?(line: string): string;
}

/** Every feature has mean 0 and variance 1 over the training split. */
const NORMALIZATION = { cmvn: 'global', cmvnVariance: true, cmvnWindow: 600 } as const;

/** Recordings as targets, and outputs as sounds. */
export class SoundTargets implements SoundCodec {
  readonly features;
  readonly sampleRate: number;
  readonly hop: number;
  readonly speakers: readonly string[];
  private vocoder: Promise<(features: Features) => Float32Array> | undefined;

  constructor(private readonly parts: SoundParts) {
    this.features = spectrogramFeatures(parts.spectrogram);
    const { sampleRate, hopLength } = spectrogramSizes(parts.spectrogram);
    this.sampleRate = sampleRate;
    this.hop = hopLength;
    this.speakers = parts.speakers;
  }

  /** The frames of a recording, to be read later. */
  async target(line: string): Promise<FrameTarget> {
    const { store, reduction, statistics } = this.parts;
    const utterance = this.utterance(line);
    const frames = (await store.frames(utterance)) ?? (await store.features(utterance)).frames;
    const positions = Math.ceil(frames / reduction);
    const width = reduction * this.features.numMelBins;
    const read = async (): Promise<Float32Array> => {
      const data = new Float32Array(positions * width);
      data.set(applyCmvn(await store.features(utterance), NORMALIZATION, statistics).data);
      return data;
    };
    return new FrameTarget(frames, reduction, new FrameSequence(positions, width, read));
  }

  /** The number of a voice. @param origin for messages @throws DataError for one that is not known, or not told among several */
  speaker(name: string | undefined, origin?: string): number {
    const { speakers } = this;
    if (speakers.length === 0) return 0;
    const number = name === undefined ? -1 : speakers.indexOf(name);
    if (number >= 0) return number;
    const what =
      name === undefined ? 'expected the name of a speaker, found none' : `there is no speaker ${JSON.stringify(name)}`;
    const known = `the model has learned ${speakers.join(', ')}`;
    throw new DataError(`${origin === undefined ? '' : `${origin}: `}${what}; ${known}`);
  }

  lineOf({ source, speaker }: RawRow): string {
    const { lines } = this.parts;
    return lines.withSpeaker(source, this.speakers.length === 0 ? undefined : speaker);
  }

  speakerOf(line: string): number {
    return this.speaker(this.parts.lines.speakerOf(line));
  }

  textOf(line: string): string {
    return this.parts.lines.textOf?.(line) ?? line;
  }

  logMel(data: Float32Array, frames: number): Features {
    return undoCmvn({ data, frames, dim: this.features.numMelBins }, NORMALIZATION, this.parts.statistics);
  }

  async audible(logMel: Features): Promise<Float32Array> {
    const { vocoder, seed } = this.parts;
    this.vocoder ??= createVocoder(this.features, { ...vocoder, seed });
    return (await this.vocoder)(logMel);
  }

  async recording(line: string): Promise<Recording> {
    const { sampleRate } = this;
    const utterance = this.utterance(line);
    const { samples, sampleRate: own } = await readAudio(utterance.segment, utterance.read);
    const whole = own === sampleRate ? samples : resample(samples, own, sampleRate);
    const { trimDb } = this.features;
    const bounds = trimDb > 0 ? silenceBounds(whole, { topDb: trimDb }) : { start: 0, end: whole.length };
    const logMel = await this.parts.store.features(utterance);
    return { samples: whole.subarray(bounds.start, bounds.end), sampleRate, logMel };
  }

  private utterance(line: string) {
    return { ...parseSource(line, '.', this.parts.read), speed: 1 };
  }
}

/** A text and whose voice it is to be said in. */
export interface SpokenText {
  readonly text: string;
  readonly speaker?: string;
}

/** A line to speak: the text itself, or a JSON object with `text` and `speaker`. */
export function parseSpoken(line: string): SpokenText {
  if (!line.startsWith('{')) return { text: line };
  let value: { text?: unknown; speaker?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    // A text may begin with a brace.
    return { text: line };
  }
  const { text, speaker } = value;
  if (typeof text !== 'string') throw new DataError('expected a string under "text" of the JSON object, found none');
  if (speaker !== undefined && typeof speaker !== 'string') {
    throw new DataError('expected a string under "speaker" of the JSON object, found something else');
  }
  return { text, ...(speaker === undefined ? {} : { speaker }) };
}

/** A line that {@link parseSpoken} reads. */
export const formatSpoken = ({ text, speaker }: SpokenText): string =>
  speaker === undefined && !text.startsWith('{') ? text : JSON.stringify({ text, speaker });

/** Voices of lines that are texts. */
export const spokenTexts: VoiceLines = {
  speakerOf: (line) => parseSpoken(line).speaker,
  withSpeaker: (text, speaker) => formatSpoken({ text, ...(speaker === undefined ? {} : { speaker }) }),
  textOf(line) {
    try {
      return parseSpoken(line).text;
    } catch {
      // A line that cannot be understood is shown as it is.
      return line;
    }
  },
};
