// From an audio file to features: reading, changing the speed, resampling, extraction.
import { createHash } from 'node:crypto';
import { perturbSpeed } from '../augment/speed.js';
import type { FeaturesConfig } from '../config.js';
import { createFeatureExtractor, featureFingerprint } from '../features/extractor.js';
import { type ReadAudioOptions, readAudio } from '../io/read.js';
import { resample } from '../resample.js';
import type { Audio, AudioSegment, Features } from '../types.js';

/** A part of an audio file, how it is to be read, and how fast it is to be played. */
export interface Utterance {
  readonly segment: AudioSegment;
  readonly read?: ReadAudioOptions | undefined;
  /** 1 as it is, 1.1 faster and higher. */
  readonly speed: number;
}

/** Makes features of utterances by one configuration. */
export interface UtteranceExtractor {
  /** @throws DataError when the audio cannot be read */
  audio(utterance: Utterance): Promise<Audio>;
  /** Hash of the samples and of all that the features depend on. */
  key(audio: Audio, speed: number): string;
  /**
   * Features of audio, normalised by nothing; there may be no frame.
   * @param change what is done to the samples, at their own rate, once they have their speed
   */
  features(audio: Audio, speed: number, change?: SampleChange): Features;
}

/** Samples made of others, as many as those. */
export type SampleChange = (samples: Float32Array, sampleRate: number) => Float32Array;

/** See {@link UtteranceExtractor}. */
export async function createUtteranceExtractor(config: FeaturesConfig): Promise<UtteranceExtractor> {
  const extractor = await createFeatureExtractor(config);
  const fingerprint = featureFingerprint(config);
  return {
    audio: ({ segment, read }) => readAudio(segment, read),
    key({ samples, sampleRate }, speed) {
      const hash = createHash('sha256').update(`${fingerprint}\n${sampleRate}\n${speed}\n`);
      return hash.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)).digest('hex');
    },
    features({ samples, sampleRate }, speed, change = (same) => same) {
      const changed = change(speed === 1 ? samples : perturbSpeed(samples, speed), sampleRate);
      return extractor.extract(
        sampleRate === config.sampleRate ? changed : resample(changed, sampleRate, config.sampleRate),
      );
    },
  };
}
