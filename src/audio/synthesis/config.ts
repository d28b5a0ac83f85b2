// A configuration of the mel spectrograms that sound is made of.
import { z } from 'zod';
import { featuresConfigSchema, isPlannable } from '../config.js';
import { featuresSection, SPECTROGRAM_CONVENTIONS, type SpectrogramSettings, spectrogramSizes } from './conventions.js';

const samples = z.int().min(1).max(65_536);
const names = Object.keys(SPECTROGRAM_CONVENTIONS) as [keyof typeof SPECTROGRAM_CONVENTIONS];

/** A spectrogram as written by a user: a convention, and what is different from it. `spectrogramFeatures` says what it means. */
export const spectrogramConfigSchema = z
  .strictObject({
    convention: z
      .enum(names)
      .default('tacotron2')
      .describe(
        'how spectra are computed: as NVIDIA Tacotron 2 does, or as HiFi-GAN does, whose frames lie half a shift later',
      ),
    sampleRate: z
      .int()
      .min(1000)
      .max(192_000)
      .optional()
      .describe('Hz that all audio is brought to; 22050 unless told'),
    fftSize: samples
      .optional()
      .describe(
        'samples of the transform, 32 × 2ᵃ × 3ᵇ × 5ᶜ; unless told the least power of two that holds the window',
      ),
    hopLength: samples
      .optional()
      .describe('samples from frame to frame; 256 at 22050 Hz, 12.5 ms at 8 and 16 kHz unless told'),
    windowLength: samples.optional().describe('samples that a frame sees; four times hopLength unless told'),
    numMelBins: z.int().min(1).optional().describe('mel filters; 80 unless told'),
    lowFreq: z.number().min(0).optional().describe('lower edge of the lowest filter, Hz; 0 unless told'),
    highFreq: z
      .number()
      .positive()
      .optional()
      .describe('upper edge of the highest filter, Hz; 8000, or sampleRate / 2 where that is less, unless told'),
    trimDb: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'silence at both ends, further below the loudest part than this (dB), is cut first; 0 is off (librosa: 60)',
      ),
  })
  .superRefine((settings, context) => {
    const problem = sizeProblem(settings);
    if (problem) {
      context.addIssue({ code: 'custom', path: [problem.field], message: problem.message });
      return;
    }
    // What is left to go wrong has the same names there.
    const checked = featuresConfigSchema.safeParse(featuresSection(settings));
    for (const { path, message } of checked.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

/** See {@link spectrogramConfigSchema}. */
export type SpectrogramConfig = z.infer<typeof spectrogramConfigSchema>;

/** What is wrong with the sizes, if anything; the field is the one a user wrote, where there is one. */
function sizeProblem(settings: SpectrogramSettings): { field: keyof SpectrogramSettings; message: string } | undefined {
  const { fftSize, hopLength, windowLength } = spectrogramSizes(settings);
  const told = (field: keyof SpectrogramSettings, other: keyof SpectrogramSettings) =>
    settings[field] === undefined ? other : field;
  if (2 * hopLength > windowLength) {
    return {
      field: told('hopLength', 'windowLength'),
      message: `hopLength must be at most half of windowLength (${windowLength}), but is ${hopLength}`,
    };
  }
  if (windowLength > fftSize) {
    return {
      field: told('windowLength', 'fftSize'),
      message: `windowLength must be at most fftSize (${fftSize}), but is ${windowLength}`,
    };
  }
  if (!isPlannable(fftSize, 32)) {
    return {
      field: 'fftSize',
      message: `fftSize must be 32 times a product of 2, 3 and 5 (such as 512, 800, 1024), but is ${fftSize}`,
    };
  }
  if (SPECTROGRAM_CONVENTIONS[settings.convention].framing === 'between' && (fftSize - hopLength) % 2 !== 0) {
    return {
      field: told('hopLength', 'fftSize'),
      message: `hopLength must be even as fftSize (${fftSize}) is, with convention hifigan, but is ${hopLength}`,
    };
  }
  return undefined;
}
