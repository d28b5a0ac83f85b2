// Scores synthetic speech against recordings, utterance by utterance: timbre, melody, voicing and duration, with means over all.
import { DataError } from '../../errors.js';
import type { Audio, Features } from '../types.js';
import type { WarpingPath } from './dtw.js';
import { durationError } from './duration.js';
import { comparePitch } from './log-f0.js';
import { framewiseMelCepstralDistortion, melCepstralDistortion } from './mcd.js';
import { checkCoefficients } from './mel-cepstrum.js';
import { fundamentalFrequency, type PitchOptions } from './pitch.js';

/** What the sounds of all utterances have in common, and how they are compared. */
export interface SoundScorerConfig {
  /** Samples a second (Hz) of all sounds. */
  readonly sampleRate: number;
  /** Samples from frame to frame of all log-mel spectrograms; frame t is centred at sample t·hop. */
  readonly hop: number;
  /** `framewise` puts frame t beside frame t, for outputs of teacher forcing; `warped` unless told. */
  readonly alignment?: 'warped' | 'framewise' | undefined;
  /** Cepstral coefficients of the distortion; 13 unless told. */
  readonly coefficients?: number | undefined;
  /** How pitch is looked for, on the grid of the spectrograms; false where only timbre and duration are asked for. */
  readonly pitch?: Omit<PitchOptions, 'hop' | 'frames'> | false | undefined;
}

/** A sound and its natural-log mel spectrogram. */
export interface AnalysedSound extends Audio {
  readonly logMel: Features;
}

/** Scores of one utterance; undefined is what cannot be told of it. */
interface SoundScores {
  /** Mel-cepstral distortion, dB. */
  readonly mcd: number | undefined;
  /** Over pairs of frames voiced in both sounds. */
  readonly logF0RmseSemitones: number | undefined;
  /** Part of these pairs whose frequencies differ by more than a fifth. */
  readonly grossPitchErrorRate: number | undefined;
  /** Part of the pairs of frames of which one is voiced and the other is not. */
  readonly voicingErrorRate: number | undefined;
  /** |synthetic − reference| / reference. */
  readonly durationError: number | undefined;
  /** (synthetic − reference) / reference. */
  readonly signedDurationError: number | undefined;
  readonly path: WarpingPath | undefined;
}

/** A measure over utterances. */
interface ScoreSummary {
  /** Mean over the utterances that have the score; undefined where none has. */
  readonly mean: number | undefined;
  /** Sample standard deviation; undefined for fewer than two utterances. */
  readonly standardDeviation: number | undefined;
  /** Half of the width of the 95 % confidence interval of the mean (normal approximation, 1.96·s/√n); undefined as above. */
  readonly halfWidth95: number | undefined;
  /** Utterances in the mean, and those that have no such score. */
  readonly count: number;
  readonly leftOut: number;
}

const MEASURES = [
  'mcd',
  'logF0RmseSemitones',
  'grossPitchErrorRate',
  'voicingErrorRate',
  'durationError',
  'signedDurationError',
] as const;

/** All measures over all utterances. */
interface SoundScoreSummary extends Readonly<Record<(typeof MEASURES)[number], ScoreSummary>> {
  readonly utterances: number;
  /** Utterances whose recording is silent or empty: they have no scores at all. */
  readonly silentReferences: number;
  /** Utterances with a recording to compare with whose synthetic sound is silent or empty. */
  readonly silentSynthetics: number;
}

/** Collects scores of utterances; its memory does not grow with them. */
export interface SoundScorer {
  /**
   * Scores an utterance and adds it to the totals. Both sounds are compared as they are, silence at their ends included.
   *
   * A recording without samples or frames, or with nothing but silence, leaves the utterance out. A synthetic sound that is silent
   * is compared all the same, so that silence cannot better a mean; of one without samples or frames only the duration can be told.
   *
   * @throws DataError when a sound has another sample rate than configured, when its spectrogram has not the frames that the hop
   *   asks for, or where {@link melCepstralDistortion} does; then the totals stay as they were
   */
  add(reference: AnalysedSound, synthetic: AnalysedSound): SoundScores;
  results(): SoundScoreSummary;
}

/** Frames by which a spectrogram may differ from its sound: analyses treat the ends in different ways, and vocoders make some more. */
const SLACK = 4;

/** Prepares the scoring of utterances. @throws RangeError naming the setting that cannot be used */
export function createSoundScorer(config: SoundScorerConfig): SoundScorer {
  const { sampleRate, hop, alignment = 'warped', coefficients, pitch } = config;
  // Settings are refused here rather than with the first utterance.
  if (coefficients !== undefined) checkCoefficients(coefficients);
  if (pitch !== false) fundamentalFrequency(new Float32Array(0), sampleRate, { ...pitch, hop });
  const distort = alignment === 'warped' ? melCepstralDistortion : framewiseMelCepstralDistortion;
  const totals = new Map(MEASURES.map((measure) => [measure, createMoments()]));
  let utterances = 0;
  let silentReferences = 0;
  let silentSynthetics = 0;

  const compare = (reference: AnalysedSound, synthetic: AnalysedSound): SoundScores => {
    if (isSilent(reference)) return NO_SCORES;
    const duration = durationError(reference.samples.length / sampleRate, synthetic.samples.length / sampleRate);
    const durations = { durationError: duration.relative, signedDurationError: duration.signed };
    if (isEmpty(synthetic)) return { ...NO_SCORES, ...durations };
    const { distortion, path } = distort(reference.logMel, synthetic.logMel, { coefficients });
    if (pitch === false) return { ...NO_SCORES, ...durations, mcd: distortion, path };
    const track = ({ samples, logMel }: AnalysedSound) =>
      fundamentalFrequency(samples, sampleRate, { ...pitch, hop, frames: logMel.frames });
    const melody = comparePitch(track(reference), track(synthetic), path, hop / sampleRate);
    const { logF0RmseSemitones, grossPitchErrorRate, voicingErrorRate } = melody;
    return { mcd: distortion, logF0RmseSemitones, grossPitchErrorRate, voicingErrorRate, ...durations, path };
  };

  return {
    add(reference, synthetic) {
      checkSound('reference', reference, config);
      checkSound('synthetic sound', synthetic, config);
      const scores = compare(reference, synthetic);
      utterances += 1;
      if (isSilent(reference)) silentReferences += 1;
      else if (isSilent(synthetic)) silentSynthetics += 1;
      for (const [measure, moments] of totals) moments.add(scores[measure]);
      return scores;
    },
    results() {
      const summaries = Object.fromEntries([...totals].map(([measure, moments]) => [measure, moments.summary()]));
      return {
        utterances,
        silentReferences,
        silentSynthetics,
        ...(summaries as Record<(typeof MEASURES)[number], ScoreSummary>),
      };
    },
  };
}

const NO_SCORES: SoundScores = {
  mcd: undefined,
  logF0RmseSemitones: undefined,
  grossPitchErrorRate: undefined,
  voicingErrorRate: undefined,
  durationError: undefined,
  signedDurationError: undefined,
  path: undefined,
};

const isEmpty = ({ samples, logMel }: AnalysedSound): boolean => samples.length === 0 || logMel.frames === 0;

const isSilent = (sound: AnalysedSound): boolean =>
  isEmpty(sound) || sound.samples.every((value) => value === sound.samples[0]);

function checkSound(
  name: string,
  { samples, sampleRate, logMel }: AnalysedSound,
  { sampleRate: expected, hop }: SoundScorerConfig,
): void {
  if (sampleRate !== expected) {
    throw new DataError(
      `${name}: expected ${expected} samples a second, as configured, found ${sampleRate}; resample it`,
    );
  }
  const frames = Math.floor(samples.length / hop) + 1;
  if (samples.length > 0 && logMel.frames > 0 && Math.abs(frames - logMel.frames) > SLACK) {
    throw new DataError(
      `${name}: expected about ${frames} mel frames for ${samples.length} samples with a hop of ${hop}, found ${logMel.frames}; set hop to that of the spectrogram, and give the spectrogram of this very sound`,
    );
  }
}

/** Mean and variance as numbers come in (B. P. Welford, 1962). */
function createMoments() {
  let count = 0;
  let leftOut = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(value: number | undefined): void {
      if (value === undefined) {
        leftOut += 1;
        return;
      }
      count += 1;
      const difference = value - mean;
      mean += difference / count;
      squares += difference * (value - mean);
    },
    summary(): ScoreSummary {
      const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : undefined;
      return {
        mean: count > 0 ? mean : undefined,
        standardDeviation: deviation,
        halfWidth95: deviation === undefined ? undefined : (1.96 * deviation) / Math.sqrt(count),
        count,
        leftOut,
      };
    },
  };
}
