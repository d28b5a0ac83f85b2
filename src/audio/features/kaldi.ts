// Filter banks and cepstral coefficients as Kaldi computes them (feature-fbank.cc, feature-mfcc.cc).
import { type FeaturesConfig, highestFrequency, transformSize } from '../config.js';
import type { Features } from '../types.js';
import { createPowerSpectrum } from './fft.js';
import { createFraming, EPSILON, type FrameWriter } from './framing.js';
import { logarithmsOf } from './logarithm.js';
import { melProjection } from './mel.js';

/** Makes features of utterances, one at a time. */
export interface FeatureExtractor {
  /** Features a frame. */
  readonly dim: number;
  readonly framesPerSecond: number;
  /** Frames of so many samples; 0 where they are too few for one. */
  frames(samples: number): number;
  /** @throws DataError when samples are not finite, or so large that their power is not */
  extract(samples: Float32Array): Features;
}

/** Makes fbank or mfcc features. */
export async function createKaldiExtractor(config: FeaturesConfig): Promise<FeatureExtractor> {
  const { numMelBins, sampleRate, usePower, useEnergy, htkCompat } = config;
  const isMfcc = config.kind === 'mfcc';
  const fftSize = transformSize(config);
  const framing = createFraming(config);
  const spectrum = await createPowerSpectrum(fftSize);
  const project = melProjection({
    filters: numMelBins,
    fftSize,
    sampleRate,
    low: config.lowFreq,
    high: highestFrequency(config),
    scale: 'kaldi',
  });
  const power = new Float32Array(Math.floor(fftSize / 2) + 1);
  const mel = new Float32Array(numMelBins);
  const logarithms = logarithmsOf(mel);
  const cepstra = isMfcc ? cepstralMatrix(config) : undefined;
  const dim = isMfcc ? config.numCeps : numMelBins + (useEnergy ? 1 : 0);
  const melAt = useEnergy && !htkCompat ? 1 : 0;
  const energyAt = htkCompat ? numMelBins : 0;

  // A function of its own, so that all of it is compiled at once, however long the first sound is.
  const writeFrame = (frame: FrameWriter, t: number, out: Float32Array): void => {
    const at = t * dim;
    const energy = frame(t, spectrum.input);
    spectrum.compute(power);
    // Kaldi's coefficients are of the power spectrum always.
    if (!isMfcc && !usePower) for (let k = 0; k < power.length; k++) power[k] = Math.sqrt(power[k] as number);
    project(power, mel, 0);
    if (isMfcc || config.useLogFbank) logarithms(0, numMelBins, EPSILON);
    if (cepstra) {
      writeCepstra(cepstra, mel, out, at, config, energy);
      return;
    }
    out.set(mel, at + melAt);
    if (useEnergy) out[at + energyAt] = energy;
  };

  return {
    dim,
    framesPerSecond: framing.framesPerSecond,
    frames: framing.count,
    extract(samples) {
      const frames = framing.count(samples.length);
      const data = new Float32Array(frames * dim);
      const frame = framing.open(samples);
      for (let t = 0; t < frames; t++) writeFrame(frame, t, data);
      return { data, frames, dim };
    },
  };
}

/** The cosine transform with the lifter's weights, `[numCeps, numMelBins]`. */
function cepstralMatrix({ numCeps, numMelBins, cepstralLifter }: FeaturesConfig): Float64Array {
  const matrix = new Float64Array(numCeps * numMelBins);
  for (let k = 0; k < numCeps; k++) {
    const norm = Math.sqrt((k === 0 ? 1 : 2) / numMelBins);
    const lift = cepstralLifter > 0 ? 1 + (cepstralLifter / 2) * Math.sin((Math.PI * k) / cepstralLifter) : 1;
    for (let n = 0; n < numMelBins; n++) {
      matrix[k * numMelBins + n] = norm * lift * Math.cos((Math.PI / numMelBins) * (n + 0.5) * k);
    }
  }
  return matrix;
}

/**
 * Writes the cepstral coefficients of one frame from `at` on. HTK puts the first of them last, and larger by √2 where it is no
 * energy.
 */
function writeCepstra(
  matrix: Float64Array,
  mel: Float32Array,
  out: Float32Array,
  at: number,
  { numCeps, useEnergy, htkCompat }: FeaturesConfig,
  energy: number,
): void {
  for (let k = 0; k < numCeps; k++) {
    let sum = 0;
    for (let n = 0; n < mel.length; n++) sum += (matrix[k * mel.length + n] as number) * (mel[n] as number);
    out[at + k] = sum;
  }
  if (useEnergy) out[at] = energy;
  if (!htkCompat) return;
  const first = (out[at] as number) * (useEnergy ? 1 : Math.SQRT2);
  out.copyWithin(at, at + 1, at + numCeps);
  out[at + numCeps - 1] = first;
}
