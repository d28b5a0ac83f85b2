// Log-mel spectrograms as librosa, torchaudio and Whisper compute them.
import { type FeaturesConfig, frameSizes } from '../config.js';
import { createPowerSpectrum } from './fft.js';
import type { FeatureExtractor } from './kaldi.js';
import { logarithmsOf } from './logarithm.js';
import { logMelBank, melProjection } from './mel.js';
import { windowValues } from './windows.js';

/** Whisper keeps this much below the highest value. */
const WHISPER_RANGE = 8;

/**
 * Frames are centred at multiples of the shift, or half a shift later (`framing`), with the ends mirrored (`center=True`,
 * `pad_mode="reflect"`; HiFi-GAN's `mel_spectrogram`), the window is a periodic Hann window in the middle of the transform.
 * Whisper leaves the last frame out.
 */
export async function createLogMelExtractor(config: FeaturesConfig): Promise<FeatureExtractor> {
  const { length, shift } = frameSizes(config);
  const { fftSize, numMelBins: dim, sampleRate, usePower, log } = config;
  const spectrum = await createPowerSpectrum(fftSize);
  const window = windowValues('periodicHann', length);
  const margin = Math.floor((fftSize - length) / 2);
  const project = melProjection(logMelBank(config));
  const power = new Float32Array(Math.floor(fftSize / 2) + 1);
  const isCentred = config.framing === 'centred';
  const padding = Math.floor((isCentred ? fftSize : fftSize - shift) / 2);
  const count = (samples: number): number =>
    // Mirroring needs more samples than it makes up.
    samples <= padding ? 0 : Math.floor(samples / shift) + (isCentred && log !== 'whisper' ? 1 : 0);
  /** Writes the filters' sums of one frame. */
  const writeFrame = (samples: Float32Array, start: number, out: Float32Array, at: number): void => {
    const { input } = spectrum;
    const isInside = start >= 0 && start + length <= samples.length;
    for (let i = 0; i < length; i++) {
      const from = isInside ? start + i : mirrored(start + i, samples.length);
      input[margin + i] = (samples[from] as number) * (window[i] as number);
    }
    spectrum.compute(power);
    if (!usePower) for (let k = 0; k < power.length; k++) power[k] = Math.sqrt(power[k] as number);
    project(power, out, at);
  };

  return {
    dim,
    framesPerSecond: sampleRate / shift,
    frames: count,
    extract(samples) {
      const frames = count(samples.length);
      const data = new Float32Array(frames * dim);
      for (let t = 0; t < frames; t++) writeFrame(samples, t * shift - padding + margin, data, t * dim);
      takeLogarithms(data, config);
      return { data, frames, dim };
    },
  };
}

/** The place of a sample beyond the ends, without the first and the last one again; back and forth where it is far beyond. */
export function mirrored(at: number, samples: number): number {
  const period = Math.max(2 * samples - 2, 1);
  const place = Math.abs(at) % period;
  return place < samples ? place : period - place;
}

/**
 * Logarithms in place. Decibels are 10·log₁₀ of a power or 20·log₁₀ of a magnitude (librosa's `power_to_db` and
 * `amplitude_to_db`, torchaudio's `AmplitudeToDB`, with a reference of 1).
 */
function takeLogarithms(data: Float32Array, { log, logFloor, usePower, topDb }: FeaturesConfig): void {
  const tens = log === 'decibel' ? (usePower ? 10 : 20) : 1;
  const factor = tens / Math.LN10;
  let highest = Number.NEGATIVE_INFINITY;
  logarithmsOf(data)(0, data.length, logFloor);
  if (log === 'natural') return;
  for (let i = 0; i < data.length; i++) {
    const value = factor * (data[i] as number);
    data[i] = value;
    if (value > highest) highest = value;
  }
  if (log === 'whisper') {
    for (let i = 0; i < data.length; i++) data[i] = (Math.max(data[i] as number, highest - WHISPER_RANGE) + 4) / 4;
  } else if (log === 'decibel' && topDb > 0) {
    for (let i = 0; i < data.length; i++) data[i] = Math.max(data[i] as number, highest - topDb);
  }
}
