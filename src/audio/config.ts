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
    fftSize: z.int().min(2).default(400).describe('logMel: samples of the transform'),
    melScale: z.enum(['slaney', 'htk']).default('slaney').describe('logMel: mel scale'),
    melNorm: z.enum(['slaney', 'none']).default('slaney').describe('logMel: whether all filters have the same area'),
    log: z
      .enum(['natural', 'log10', 'decibel', 'whisper'])
      .default('natural')
      .describe('logMel: logarithm; whisper also clamps to 8 below the highest and scales'),
    logFloor: positive.default(1e-10).describe('logMel: smallest power before the logarithm'),
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
    const samples = Math.round((sampleRate * frameLength) / 1000);
    if (Math.round((sampleRate * frameShift) / 1000) < 1) {
      fail('frameShift', `frameShift must be at least one sample (${1000 / sampleRate} ms), but is ${frameShift}`);
    }
    if (samples < 2) fail('frameLength', `frameLength must be at least two samples, but is ${frameLength} ms`);
    if (config.kind === 'logMel' && samples > fftSize) {
      fail('frameLength', `frameLength must be at most fftSize (${fftSize}) samples, but is ${samples}`);
    }
    const bins = (config.kind === 'logMel' ? fftSize : 2 * samples) / 2;
    if (numMelBins > bins) {
      fail('numMelBins', `numMelBins must be at most the bins of a spectrum (${bins}), but is ${numMelBins}`);
    }
  });

/** See {@link featuresConfigSchema}. */
export type FeaturesConfig = z.infer<typeof featuresConfigSchema>;

/** The upper edge of the highest filter in Hz. */
export function highestFrequency({ highFreq, sampleRate }: Pick<FeaturesConfig, 'highFreq' | 'sampleRate'>): number {
  return highFreq > 0 ? highFreq : sampleRate / 2 + highFreq;
}
