// Scores of utterances and their means: recordings with themselves, noisy, higher and faster, with others, and with nothing.
import { describe, expect, it } from 'vitest';
import { perturbSpeed } from '../../../../src/audio/augment/speed.js';
import { type AnalysedSound, createSoundScorer, type SoundScorerConfig } from '../../../../src/audio/compare/score.js';
import { DataError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { expected, logMelOf, recording } from './support.js';

const config: SoundScorerConfig = { sampleRate: 8000, hop: expected.analysis.hop };

const analysed = async (samples: Float32Array): Promise<AnalysedSound> => {
  return { samples, sampleRate: 8000, logMel: await logMelOf(samples) };
};
const sound = async (name: string) => analysed((await recording(name)).samples);
const empty: AnalysedSound = {
  samples: new Float32Array(0),
  sampleRate: 8000,
  logMel: { data: new Float32Array(0), frames: 0, dim: expected.analysis.mels },
};

describe('scores of an utterance', () => {
  it('are all 0 for a recording with itself', async () => {
    const own = await sound('goodbye');
    for (const alignment of ['warped', 'framewise'] as const) {
      expect(createSoundScorer({ ...config, alignment }).add(own, own)).toMatchObject({
        mcd: 0,
        logF0RmseSemitones: 0,
        voicingErrorRate: 0,
        durationError: 0,
        signedDurationError: 0,
      });
    }
  });

  it('tell speed and pitch of a faster copy', async () => {
    const { samples } = await recording('goodbye');
    // A range of one speaker keeps YIN from octaves that the other copy does not show.
    const scorer = createSoundScorer({ ...config, pitch: { minFrequency: 130, maxFrequency: 400 } });
    const scores = scorer.add(await analysed(samples), await analysed(perturbSpeed(samples, 1.1)));
    // 1.1 times as fast is 1.65 semitones higher and shorter by a part in eleven.
    expect(Math.abs(scores.logF0RmseSemitones! - 12 * Math.log2(1.1))).toBeLessThan(0.5);
    expect(scores.signedDurationError).toBeCloseTo(-1 / 11, 3);
    expect(scores.durationError).toBeCloseTo(1 / 11, 3);
    expect(scores.voicingErrorRate).toBeLessThan(0.1);
    expect(scores.grossPitchErrorRate).toBeLessThan(0.03);
    expect(scores.mcd).toBeGreaterThan(1);
  });

  it('are the same without pitch, but for what is told of it', async () => {
    const [own, other] = [await sound('goodbye'), await sound('minute')];
    const whole = createSoundScorer(config).add(own, other);
    const { mcd, durationError, path, logF0RmseSemitones, voicingErrorRate } = createSoundScorer({
      ...config,
      pitch: false,
    }).add(own, other);
    expect({ mcd, durationError, path }).toEqual({
      mcd: whole.mcd,
      durationError: whole.durationError,
      path: whole.path,
    });
    expect([logF0RmseSemitones, voicingErrorRate]).toEqual([undefined, undefined]);
  });

  it('order copies by how much they are like the recording', async () => {
    const own = await sound('goodbye');
    const random = new Random(2, 'noise');
    const noisy = await analysed(own.samples.map((value) => value + 0.003 * random.normal()));
    const scorer = createSoundScorer(config);
    const [near, other] = [scorer.add(own, noisy), scorer.add(own, await sound('vm-tooshort'))];
    expect(near.mcd).toBeGreaterThan(0);
    expect(near.mcd!).toBeLessThan(other.mcd!);
    expect(near.logF0RmseSemitones!).toBeLessThan(other.logF0RmseSemitones!);
  });

  it('leave out only what silence makes impossible to tell', async () => {
    const own = await sound('goodbye');
    const silent = await analysed(new Float32Array(own.samples.length));
    const scorer = createSoundScorer(config);
    const withSilence = scorer.add(own, silent);
    expect(withSilence.mcd).toBeGreaterThan(5);
    expect(withSilence.voicingErrorRate).toBeGreaterThan(0.2);
    expect(withSilence).toMatchObject({ logF0RmseSemitones: undefined, durationError: 0 });
    const withNothing = scorer.add(own, empty);
    expect(withNothing).toMatchObject({ mcd: undefined, voicingErrorRate: undefined, durationError: 1 });
    for (const reference of [silent, empty]) {
      expect(Object.values(scorer.add(reference, own)).every((value) => value === undefined)).toBe(true);
    }
    scorer.add(own, own);
    const results = scorer.results();
    expect(results).toMatchObject({ utterances: 5, silentReferences: 2, silentSynthetics: 2 });
    expect(results.mcd).toMatchObject({ count: 2, leftOut: 3, mean: withSilence.mcd! / 2 });
    expect(results.logF0RmseSemitones).toMatchObject({ count: 1, leftOut: 4, mean: 0, standardDeviation: undefined });
    expect(results.durationError).toMatchObject({ count: 3, leftOut: 2 });
    expect(results.durationError.mean).toBeCloseTo(1 / 3, 12);
  });
});

describe('scores of several utterances', () => {
  it('are means with their spread', async () => {
    const own = await sound('goodbye');
    const others = await Promise.all(['minute', 'queue-minute', 'number'].map(sound));
    const scorer = createSoundScorer(config);
    const mcds = others.map((other) => scorer.add(own, other).mcd!);
    const mean = mcds.reduce((a, b) => a + b) / 3;
    const deviation = Math.sqrt(mcds.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
    const { mcd, utterances } = scorer.results();
    expect(utterances).toBe(3);
    expect(mcd.mean).toBeCloseTo(mean, 10);
    expect(mcd.standardDeviation).toBeCloseTo(deviation, 10);
    expect(mcd.halfWidth95).toBeCloseTo((1.96 * deviation) / Math.sqrt(3), 10);
  });

  it('are undefined where there is none', () => {
    const { mcd, utterances } = createSoundScorer(config).results();
    expect(utterances).toBe(0);
    expect(mcd).toEqual({
      mean: undefined,
      standardDeviation: undefined,
      halfWidth95: undefined,
      count: 0,
      leftOut: 0,
    });
  });

  it('stay as they were when an utterance is refused', async () => {
    const own = await sound('goodbye');
    const scorer = createSoundScorer(config);
    expect(() => scorer.add(own, { ...own, sampleRate: 16_000 })).toThrow(/expected 8000 samples a second/);
    expect(() => scorer.add({ ...own, samples: own.samples.slice(1000) }, own)).toThrow(/reference: expected about 81/);
    const framewise = createSoundScorer({ ...config, alignment: 'framewise' });
    const other = await sound('minute');
    expect(() => framewise.add(own, other)).toThrow(DataError);
    expect([scorer.results().utterances, framewise.results().utterances]).toEqual([0, 0]);
    expect(() => createSoundScorer({ ...config, hop: 0 })).toThrow(/hop/);
    expect(() => createSoundScorer({ ...config, pitch: { minFrequency: 600 } })).toThrow(RangeError);
    expect(() => createSoundScorer({ ...config, coefficients: 1.5 })).toThrow(/coefficients/);
  });

  it('allow for a vocoder that makes a few more samples than the frames need', async () => {
    const own = await sound('goodbye');
    const longer = new Float32Array(own.samples.length + 240);
    longer.set(own.samples);
    const scores = createSoundScorer(config).add(own, { ...own, samples: longer });
    expect(scores).toMatchObject({ mcd: 0, logF0RmseSemitones: 0, voicingErrorRate: 0 });
  });
});
