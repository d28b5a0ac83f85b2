// How mel spectrograms that sound is made of are computed, by the names of the programs that began it.
import { type FeaturesConfig, featuresConfigSchema } from '../config.js';

/** One way to compute mel spectrograms. Lengths in samples are those at `sampleRate`. */
export interface SpectrogramConvention {
  /** Hz */
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly hopLength: number;
  readonly windowLength: number;
  readonly framing: FeaturesConfig['framing'];
  readonly numMelBins: number;
  readonly lowFreq: number;
  readonly highFreq: number;
  /** Smallest magnitude, after the filters, that a logarithm is taken of. */
  readonly logFloor: number;
}

const TACOTRON2 = {
  sampleRate: 22_050,
  fftSize: 1024,
  hopLength: 256,
  windowLength: 1024,
  framing: 'centred',
  numMelBins: 80,
  lowFreq: 0,
  highFreq: 8000,
  logFloor: 1e-5,
} as const satisfies SpectrogramConvention;

/**
 * The conventions of NVIDIA's Tacotron 2 (`layers.py`) and of HiFi-GAN (`meldataset.py`): magnitudes of frames under a periodic
 * Hann window, ends mirrored, Slaney's filters of equal area, natural logarithms. HiFi-GAN adds 1e-9 to powers before their
 * square root, which changes logarithms near the floor by a few hundredths, and is left out here.
 */
export const SPECTROGRAM_CONVENTIONS = {
  tacotron2: TACOTRON2,
  hifigan: { ...TACOTRON2, framing: 'between' },
} as const satisfies Record<string, SpectrogramConvention>;

/** What can be told of a spectrogram; the rest follows the convention. */
export interface SpectrogramSettings {
  readonly convention: keyof typeof SPECTROGRAM_CONVENTIONS;
  readonly sampleRate?: number | undefined;
  readonly fftSize?: number | undefined;
  /** Samples. */
  readonly hopLength?: number | undefined;
  /** Samples. */
  readonly windowLength?: number | undefined;
  readonly numMelBins?: number | undefined;
  readonly lowFreq?: number | undefined;
  readonly highFreq?: number | undefined;
  readonly trimDb?: number | undefined;
}

/** Sizes of a spectrogram in samples. */
export interface SpectrogramSizes {
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly hopLength: number;
  readonly windowLength: number;
}

/**
 * Sizes as told, and for those not told: a shift of the convention's duration where that is a whole number of samples (256 at
 * 22,050 Hz, 512 at 44,100 Hz), else of 12.5 ms (100 at 8 kHz, 200 at 16 kHz), even; a window of four shifts; the least
 * power of two that holds the window as the transform.
 */
export function spectrogramSizes(settings: SpectrogramSettings): SpectrogramSizes {
  const usual = SPECTROGRAM_CONVENTIONS[settings.convention];
  const { sampleRate = usual.sampleRate, fftSize: most = Number.POSITIVE_INFINITY } = settings;
  const scaled = (usual.hopLength * sampleRate) / usual.sampleRate;
  const { hopLength = Number.isInteger(scaled) ? scaled : 2 * Math.max(1, Math.round(sampleRate / 160)) } = settings;
  const { windowLength = Math.min((hopLength * usual.windowLength) / usual.hopLength, most) } = settings;
  const { fftSize = Math.max(32, 2 ** Math.ceil(Math.log2(windowLength))) } = settings;
  return { sampleRate, fftSize, hopLength, windowLength };
}

/**
 * The features that a spectrogram is: `logMel`, not normalised. `frameSizes` of them gives back the same numbers of samples.
 *
 * @throws ZodError when settings contradict each other, which `spectrogramConfigSchema` would have said
 */
export function spectrogramFeatures(settings: SpectrogramSettings): FeaturesConfig {
  return featuresConfigSchema.parse(featuresSection(settings));
}

/** The section `features` that {@link spectrogramFeatures} stands for, unchecked. */
export function featuresSection(settings: SpectrogramSettings) {
  const usual = SPECTROGRAM_CONVENTIONS[settings.convention];
  const { sampleRate, fftSize, hopLength, windowLength } = spectrogramSizes(settings);
  const { numMelBins = usual.numMelBins, lowFreq = usual.lowFreq, trimDb = 0 } = settings;
  const { highFreq = Math.min(usual.highFreq, sampleRate / 2) } = settings;
  return {
    kind: 'logMel' as const,
    sampleRate,
    numMelBins,
    frameLength: (windowLength * 1000) / sampleRate,
    frameShift: (hopLength * 1000) / sampleRate,
    lowFreq,
    highFreq,
    fftSize,
    framing: usual.framing,
    usePower: false,
    melScale: 'slaney' as const,
    melNorm: 'slaney' as const,
    log: 'natural' as const,
    logFloor: usual.logFloor,
    trimDb,
    cmvn: 'none' as const,
  };
}
