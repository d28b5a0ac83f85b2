// Filter banks and cepstral coefficients as Kaldi computes them (feature-window.cc, feature-fbank.cc, feature-mfcc.cc).
import { Random } from '../../random.js';
import { type FeaturesConfig, highestFrequency } from '../config.js';
import type { Features } from '../types.js';
import { createPowerSpectrum } from './fft.js';
import { applyMelBank, melBank } from './mel.js';
import { windowValues } from './windows.js';

/** Kaldi works on 16-bit samples. */
const SCALE = 32768;
/** The smallest number that a logarithm is taken of: float32's epsilon. */
const EPSILON = 2 ** -23;

/** Features of one utterance. */
export interface FrameExtractor {
  readonly dim: number;
  frames(samples: number): number;
  extract(samples: Float32Array): Features;
}

/** Samples of a frame and from frame to frame. */
export function frameSizes({ sampleRate, frameLength, frameShift }: FeaturesConfig): { length: number; shift: number } {
  return {
    length: Math.floor((sampleRate * frameLength) / 1000 + 1e-9),
    shift: Math.floor((sampleRate * frameShift) / 1000 + 1e-9),
  };
}

/** Number of frames of so many samples. */
function frameCount(samples: number, length: number, shift: number, snipEdges: boolean): number {
  if (!snipEdges) return Math.floor((samples + Math.floor(shift / 2)) / shift);
  return samples < length ? 0 : 1 + Math.floor((samples - length) / shift);
}

/** Makes fbank or mfcc features. */
export async function createKaldiExtractor(config: FeaturesConfig): Promise<FrameExtractor> {
  const { length, shift } = frameSizes(config);
  const { numMelBins, sampleRate, snipEdges, useEnergy, rawEnergy, htkCompat, preemphasis } = config;
  const isMfcc = config.kind === 'mfcc';
  const fftSize = config.roundToPowerOfTwo ? 2 ** Math.ceil(Math.log2(length)) : length;
  const spectrum = await createPowerSpectrum(fftSize);
  const window = windowValues(config.windowType, length);
  const bank = melBank({
    filters: numMelBins,
    fftSize,
    sampleRate,
    low: config.lowFreq,
    high: highestFrequency(config),
    scale: 'kaldi',
  });
  const power = new Float32Array(Math.floor(fftSize / 2) + 1);
  const mel = new Float32Array(numMelBins);
  const cepstra = isMfcc ? cepstralMatrix(config) : undefined;
  const values = isMfcc ? config.numCeps : numMelBins;
  const dim = values + (useEnergy && !isMfcc ? 1 : 0);
  const melAt = useEnergy && !isMfcc && !htkCompat ? 1 : 0;
  const energyFloor = config.energyFloor > 0 ? Math.log(config.energyFloor) : Number.NEGATIVE_INFINITY;

  /** Puts frame t, with the ends mirrored, into the transform's input. @returns its log energy */
  const take = (samples: Float32Array, frame: number, noise: Random | undefined): number => {
    const { input } = spectrum;
    const start = snipEdges ? frame * shift : Math.floor((frame + 0.5) * shift) - Math.floor(length / 2);
    let sum = 0;
    for (let i = 0; i < length; i++) {
      let at = start + i;
      while (at < 0 || at >= samples.length) at = at < 0 ? -at - 1 : 2 * samples.length - 1 - at;
      let value = (samples[at] as number) * SCALE;
      if (noise) value += noise.normal() * config.dither;
      input[i] = value;
      sum += value;
    }
    const offset = config.removeDcOffset ? sum / length : 0;
    let energy = 0;
    for (let i = 0; i < length; i++) {
      const value = (input[i] as number) - offset;
      input[i] = value;
      energy += value * value;
    }
    for (let i = length - 1; i >= 0; i--) {
      const before = input[Math.max(i - 1, 0)] as number;
      input[i] = ((input[i] as number) - preemphasis * before) * (window[i] as number);
    }
    if (!rawEnergy) energy = input.subarray(0, length).reduce((total, value) => total + value * value, 0);
    return Math.max(Math.log(Math.max(energy, EPSILON)), energyFloor);
  };

  return {
    dim,
    frames: (samples) => frameCount(samples, length, shift, snipEdges),
    extract(samples) {
      const frames = samples.length === 0 ? 0 : frameCount(samples.length, length, shift, snipEdges);
      const data = new Float32Array(frames * dim);
      const noise = config.dither > 0 ? new Random(samples.length, 'dither') : undefined;
      for (let frame = 0; frame < frames; frame++) {
        const energy = take(samples, frame, noise);
        spectrum.compute(power);
        if (!isMfcc && !config.usePower)
          for (let k = 0; k < power.length; k++) power[k] = Math.sqrt(power[k] as number);
        applyMelBank(bank, power, mel, 0);
        const at = frame * dim;
        if (isMfcc || config.useLogFbank) {
          for (let i = 0; i < numMelBins; i++) mel[i] = Math.log(Math.max(mel[i] as number, EPSILON));
        }
        if (cepstra) {
          writeCepstra(cepstra, mel, data.subarray(at, at + dim), config, energy);
          continue;
        }
        data.set(mel, at + melAt);
        if (useEnergy) data[at + (htkCompat ? numMelBins : 0)] = energy;
      }
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

/** Writes the cepstral coefficients of one frame. HTK puts the first of them last, and larger by √2 where it is no energy. */
function writeCepstra(
  matrix: Float64Array,
  mel: Float32Array,
  out: Float32Array,
  { numCeps, useEnergy, htkCompat }: FeaturesConfig,
  energy: number,
): void {
  for (let k = 0; k < numCeps; k++) {
    let sum = 0;
    for (let n = 0; n < mel.length; n++) sum += (matrix[k * mel.length + n] as number) * (mel[n] as number);
    out[k] = sum;
  }
  if (useEnergy) out[0] = energy;
  if (!htkCompat) return;
  const first = (out[0] as number) * (useEnergy ? 1 : Math.SQRT2);
  out.copyWithin(0, 1);
  out[numCeps - 1] = first;
}
