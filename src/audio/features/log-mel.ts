// Log-mel spectrograms as librosa, torchaudio and Whisper compute them.
import { type FeaturesConfig, highestFrequency } from '../config.js';
import type { Features } from '../types.js';
import { createPowerSpectrum } from './fft.js';
import { type FrameExtractor, frameSizes } from './kaldi.js';
import { applyMelBank, melBank } from './mel.js';
import { windowValues } from './windows.js';

/** Whisper keeps this much below the highest value. */
const WHISPER_RANGE = 8;

/**
 * Frames are centred at multiples of the shift, with the ends mirrored (`center=True`, `pad_mode="reflect"`), the window is
 * a periodic Hann window in the middle of the transform. Whisper leaves the last frame out.
 */
export async function createLogMelExtractor(config: FeaturesConfig): Promise<FrameExtractor> {
  const { length, shift } = frameSizes(config);
  const { fftSize, numMelBins: dim, sampleRate, usePower, log, logFloor } = config;
  const spectrum = await createPowerSpectrum(fftSize);
  const window = windowValues('periodicHann', length);
  const margin = Math.floor((fftSize - length) / 2);
  const bank = melBank({
    filters: dim,
    fftSize,
    sampleRate,
    low: config.lowFreq,
    high: highestFrequency(config),
    scale: config.melScale,
    norm: config.melNorm,
  });
  const power = new Float32Array(Math.floor(fftSize / 2) + 1);
  const half = Math.floor(fftSize / 2);
  const count = (samples: number): number =>
    // Mirroring needs more samples than it makes up.
    samples <= half ? 0 : Math.floor(samples / shift) + (log === 'whisper' ? 0 : 1);
  return {
    dim,
    frames: count,
    extract(samples) {
      const frames = count(samples.length);
      const data = new Float32Array(frames * dim);
      for (let frame = 0; frame < frames; frame++) {
        const { input } = spectrum;
        input.fill(0);
        const start = frame * shift - half + margin;
        for (let i = 0; i < length; i++) {
          let at = start + i;
          if (at < 0) at = -at;
          if (at >= samples.length) at = 2 * samples.length - 2 - at;
          input[margin + i] = (samples[at] as number) * (window[i] as number);
        }
        spectrum.compute(power);
        if (!usePower) for (let k = 0; k < power.length; k++) power[k] = Math.sqrt(power[k] as number);
        applyMelBank(bank, power, data, frame * dim);
      }
      return logarithms({ data, frames, dim }, log, logFloor);
    },
  };
}

function logarithms(features: Features, log: FeaturesConfig['log'], floor: number): Features {
  const { data } = features;
  const factor = log === 'natural' ? 1 : (log === 'decibel' ? 10 : 1) / Math.LN10;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = factor * Math.log(Math.max(data[i] as number, floor));
    data[i] = value;
    if (value > highest) highest = value;
  }
  if (log === 'whisper') {
    for (let i = 0; i < data.length; i++) data[i] = (Math.max(data[i] as number, highest - WHISPER_RANGE) + 4) / 4;
  }
  return features;
}
