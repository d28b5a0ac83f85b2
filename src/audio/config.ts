// The `features` section of a configuration: how sound becomes frames.
import { z } from 'zod';

const positive = z.number().positive();

/** `features:` as written by a user; names and defaults are Kaldi's (fbank, mfcc) and librosa's (logMel) unless told. */
export const featuresConfigSchema = z
  .strictObject({
    kind: z
      .enum(['fbank', 'mfcc', 'logMel'])
      .default('fbank')
      .describe('fbank and mfcc as Kaldi computes them, or logMel as librosa, torchaudio and Whisper do'),
    sampleRate: z.int().min(1000).max(192_000).default(16_000).describe('Hz that all audio is brought to'),
    numMelBins: z.int().min(1).default(80).describe('mel filters (Kaldi: 23)'),
    frameLength: positive.default(25).describe('ms a frame sees'),
    frameShift: positive.default(10).describe('ms from frame to frame'),
    lowFreq: z.number().min(0).default(20).describe('lower edge of the lowest filter, Hz'),
    highFreq: z
      .number()
      .default(0)
      .describe('upper edge of the highest filter, Hz; 0 or less counts from the Nyquist frequency'),
    windowType: z
      .enum(['povey', 'hamming', 'hanning', 'rectangular', 'blackman'])
      .default('povey')
      .describe('fbank and mfcc: window; logMel always has a periodic Hann window'),
    preemphasis: z.number().min(0).max(1).default(0.97).describe('fbank and mfcc: coefficient of the preemphasis'),
    scale: positive
      .default(32_768)
      .describe('fbank and mfcc: what samples in [−1, 1] are multiplied by; Kaldi works on 16-bit integers'),
    dither: z.number().min(0).default(0).describe('fbank and mfcc: noise added to 16-bit samples (Kaldi: 1); seeded'),
    removeDcOffset: z.boolean().default(true).describe('fbank and mfcc: subtract the mean of each frame'),
    roundToPowerOfTwo: z.boolean().default(true).describe('fbank and mfcc: pad frames with zeros to a power of two'),
    snipEdges: z.boolean().default(true).describe('fbank and mfcc: only whole frames; otherwise the ends are mirrored'),
    useEnergy: z.boolean().default(false).describe('fbank: one more feature, the energy; mfcc: in place of the first'),
    rawEnergy: z.boolean().default(true).describe('energy before preemphasis and window'),
    energyFloor: z.number().min(0).default(0).describe('smallest energy'),
    htkCompat: z.boolean().default(false).describe('energy last instead of first'),
    usePower: z.boolean().default(true).describe('fbank and logMel: power instead of magnitude spectrum'),
    useLogFbank: z.boolean().default(true).describe('fbank: logarithms'),
    numCeps: z.int().min(1).default(13).describe('mfcc: coefficients'),
    cepstralLifter: z.number().min(0).default(22).describe('mfcc: liftering; 0 is off'),
    fftSize: z.int().min(2).max(65_536).default(400).describe('logMel: samples of the transform'),
    framing: z
      .enum(['centred', 'between'])
      .default('centred')
      .describe(
        'logMel: frames centred at multiples of the shift (librosa), or half a shift later, so samples / shift of them (HiFi-GAN)',
      ),
    melScale: z.enum(['slaney', 'htk']).default('slaney').describe('logMel: mel scale'),
    melNorm: z.enum(['slaney', 'none']).default('slaney').describe('logMel: whether all filters have the same area'),
    log: z
      .enum(['natural', 'log10', 'decibel', 'whisper'])
      .default('natural')
      .describe('logMel: logarithm; whisper also clamps to 8 below the highest and scales'),
    logFloor: positive
      .default(1e-10)
      .describe('logMel: smallest number that a logarithm is taken of, a power or (usePower: false) a magnitude'),
    topDb: z
      .number()
      .min(0)
      .default(0)
      .describe('logMel with log: decibel: nothing is further below the highest value; 0 is off (librosa: 80)'),
    trimDb: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'silence at both ends, further below the loudest part than this (dB), is cut first; 0 is off (librosa: 60)',
      ),
    deltas: z.int().min(0).max(2).default(0).describe('orders of time derivatives appended to the features'),
    deltaWindow: z.int().min(1).default(2).describe('frames on each side that a derivative looks at'),
    cmvn: z
      .enum(['utterance', 'global', 'sliding', 'none'])
      .default('utterance')
      .describe('mean and variance normalisation: over the utterance, the training split, a window around each frame'),
    cmvnVariance: z.boolean().default(true).describe('normalise the variance too'),
    cmvnWindow: z.int().min(2).default(600).describe('sliding: frames of the window'),
  })
  .superRefine((config, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const { sampleRate, numMelBins, numCeps, frameLength, frameShift, lowFreq, fftSize } = config;
    const nyquist = sampleRate / 2;
    const high = highestFrequency(config);
    if (high > nyquist)
      fail('highFreq', `highFreq must be at most sampleRate / 2 (${nyquist}), but is ${config.highFreq}`);
    else if (lowFreq >= high) fail('lowFreq', `lowFreq must be less than highFreq (${high}), but is ${lowFreq}`);
    if (config.kind === 'mfcc' && numCeps > numMelBins) {
      fail('numCeps', `numCeps must be at most numMelBins (${numMelBins}), but is ${numCeps}`);
    }
    const { length, shift } = frameSizes(config);
    if (config.framing === 'between') {
      const needs = (what: string) => fail('framing', `framing: between needs ${what}`);
      if (config.kind !== 'logMel') needs(`kind: logMel, but kind is ${config.kind}`);
      else if (config.log === 'whisper') needs('another log than whisper, whose frames are centred');
      else if (shift > fftSize || (fftSize - shift) % 2 !== 0) {
        needs(
          `a shift of as many samples as fftSize (${fftSize}), or of fewer by an even number, ` +
            `but frameShift is ${shift} samples`,
        );
      }
    }
    if (shift < 1) {
      fail('frameShift', `frameShift must be at least one sample (${1000 / sampleRate} ms), but is ${frameShift}`);
    }
    if (length < 2) {
      fail('frameLength', `frameLength must be at least two samples (${2000 / sampleRate} ms), but is ${frameLength}`);
    } else if (config.kind === 'logMel' && length > fftSize) {
      fail('frameLength', `frameLength must be at most fftSize (${fftSize}) samples, but is ${length}`);
    } else if (high <= nyquist && lowFreq < high) {
      const most = mostMelBins(config);
      if (numMelBins > most) {
        const size = transformSize(config);
        const few = most === 0 ? 'nothing between lowFreq and highFreq' : `${most}`;
        fail(
          'numMelBins',
          `numMelBins must be at most what a spectrum of ${size} samples can tell apart (${few}), but is ${numMelBins}`,
        );
      }
    }
  });

/** See {@link featuresConfigSchema}. */
export type FeaturesConfig = z.infer<typeof featuresConfigSchema>;

/** The upper edge of the highest filter in Hz. */
export function highestFrequency({ highFreq, sampleRate }: Pick<FeaturesConfig, 'highFreq' | 'sampleRate'>): number {
  return highFreq > 0 ? highFreq : sampleRate / 2 + highFreq;
}

/** Samples of a frame and from frame to frame; parts of a sample are dropped, as Kaldi does. */
export function frameSizes({
  sampleRate,
  frameLength,
  frameShift,
}: Pick<FeaturesConfig, 'sampleRate' | 'frameLength' | 'frameShift'>): { length: number; shift: number } {
  // The little more makes up for rounding: 25 ms × 16 kHz are 400 samples and not 399.
  const samples = (milliseconds: number) => Math.floor((sampleRate * milliseconds) / 1000 + 1e-9);
  return { length: samples(frameLength), shift: samples(frameShift) };
}

/** Samples that a spectrum is made of. */
export function transformSize(config: FeaturesConfig): number {
  if (config.kind === 'logMel') return config.fftSize;
  const { length } = frameSizes(config);
  return config.roundToPowerOfTwo ? 2 ** Math.ceil(Math.log2(length)) : length;
}

/** Whether there is a fast transform of so many numbers: multiples of 32 (16 for complex numbers) of factors 2, 3 and 5. */
export function isPlannable(size: number, multiple: 16 | 32): boolean {
  let rest = size / multiple;
  if (!(Number.isInteger(rest) && rest > 0)) return false;
  for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor;
  return rest === 1;
}

/** A mel scale; Kaldi's and HTK's are the same but for rounded constants. */
export type MelScale = 'kaldi' | 'htk' | 'slaney';

const SLANEY_HZ = 200 / 3;
const SLANEY_BREAK = 1000;
const SLANEY_STEP = Math.log(6.4) / 27;

/** Hertz → mel. */
export function hertzToMel(hertz: number, scale: MelScale): number {
  if (scale === 'kaldi') return 1127 * Math.log(1 + hertz / 700);
  if (scale === 'htk') return 2595 * Math.log10(1 + hertz / 700);
  const linear = hertz / SLANEY_HZ;
  return hertz < SLANEY_BREAK ? linear : SLANEY_BREAK / SLANEY_HZ + Math.log(hertz / SLANEY_BREAK) / SLANEY_STEP;
}

/** Mel → hertz. */
export function melToHertz(mel: number, scale: MelScale): number {
  if (scale === 'kaldi') return 700 * (Math.exp(mel / 1127) - 1);
  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1);
  const breakMel = SLANEY_BREAK / SLANEY_HZ;
  return mel < breakMel ? mel * SLANEY_HZ : SLANEY_BREAK * Math.exp(SLANEY_STEP * (mel - breakMel));
}

/**
 * The largest number of mel filters, up to the one configured, of which each has a bin of the spectrum inside its triangle. A
 * filter without one would give the same number for all sound; Kaldi refuses it, librosa warns.
 */
function mostMelBins(config: FeaturesConfig): number {
  const scale = config.kind === 'logMel' ? config.melScale : 'kaldi';
  const spacing = config.sampleRate / transformSize(config);
  const low = hertzToMel(config.lowFreq, scale);
  const high = hertzToMel(highestFrequency(config), scale);
  const hasEmpty = (filters: number): boolean => {
    const edge = (i: number) => melToHertz(low + (i * (high - low)) / (filters + 1), scale);
    for (let i = 0; i < filters; i++) {
      // The first bin above the left edge.
      if ((Math.floor(edge(i) / spacing) + 1) * spacing >= edge(i + 2)) return true;
    }
    return false;
  };
  // A bin lies inside two triangles at most.
  let filters = Math.min(config.numMelBins, transformSize(config) + 2);
  while (filters > 0 && hasEmpty(filters)) filters--;
  return filters;
}
