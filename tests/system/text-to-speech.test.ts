// The text-to-speech fixture: a dozen sentences learned by heart, frame after frame, and then all at once with durations from that.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { melCepstralDistortion } from '../../src/audio/compare/mcd.js';
import { createFeatureExtractor } from '../../src/audio/features/extractor.js';
import { readAudio } from '../../src/audio/io/read.js';
import { decode, evaluate, train } from '../../src/index.js';
import { openRun } from '../../src/run/open.js';
import { soundsOf } from '../../src/run/sound-decoder.js';
import { linesOf, report, useFolder, writeLines } from './support.js';

const fixture = fileURLToPath(new URL('../../fixtures/text-to-speech', import.meta.url));
const config = join(fixture, 'config.yaml');

/** Decibels from the recordings' own spectrograms, made audible by the same vocoder. */
const LARGEST_DISTORTION = 3.5;

describe('the text-to-speech fixture', () => {
  const folder = useFolder();

  /** The rows of the training split. */
  const rows = async () => {
    const [, ...lines] = await linesOf(join(fixture, 'train.tsv'));
    return lines.map((line) => line.split('\t') as [audio: string, text: string]);
  };

  /** Speaks the training split with the last checkpoint. */
  async function spoken(name: string, output: string, speed?: number) {
    const texts = join(folder(), 'texts.txt');
    await writeLines(
      texts,
      (await rows()).map(([, text]) => text),
    );
    const summary = await decode({
      run: join(folder(), name),
      input: texts,
      output: join(folder(), output),
      checkpoint: 'latest',
      quiet: true,
      ...(speed === undefined ? {} : { speed }),
    });
    return { ...summary, secondsOfSound: summary.secondsOfSound ?? Number.NaN };
  }

  /** Mean mel-cepstral distortion of the sounds in a folder from the recordings as the vocoder gives them back. */
  async function distortionOf(name: string, output: string): Promise<number> {
    const sounds = soundsOf(await openRun(join(folder(), name)));
    const extractor = await createFeatureExtractor({ ...sounds.features, trimDb: 0 });
    let sum = 0;
    const all = await rows();
    for (const [i, [audio]] of all.entries()) {
      const { logMel } = await sounds.recording(join(fixture, audio));
      const own = extractor.extract(await sounds.audible(logMel));
      const path = join(folder(), output, `${String(i + 1).padStart(4, '0')}.wav`);
      const { samples } = await readAudio({ path });
      sum += melCepstralDistortion(own, extractor.extract(samples)).distortion;
    }
    return sum / all.length;
  }

  async function scoresOf(name: string) {
    const run = join(folder(), name);
    const { metrics } = await evaluate({ run, split: 'train', checkpoint: 'latest', quiet: true });
    return Object.fromEntries(Object.entries(metrics).map(([metric, { score }]) => [metric, score]));
  }

  it('is said by heart, and every sentence ends by itself', async () => {
    const { seconds, parameters } = await train({ config, quiet: true, out: join(folder(), 'stepwise') });
    const { unfinished = 0, secondsOfSound } = await spoken('stepwise', 'stepwise-sounds');
    const distortion = await distortionOf('stepwise', 'stepwise-sounds');
    const scores = await scoresOf('stepwise');
    report('text-to-speech', { distortion, ...scores, secondsOfSound, seconds, parameters });
    expect(unfinished).toBe(0);
    expect(distortion).toBeLessThan(LARGEST_DISTORTION);
    expect(scores.stopAccuracy).toBe(100);
    expect(scores.diagonality).toBeGreaterThan(0.7);
    expect(scores.durationError).toBeLessThan(0.05);
  });

  it('is said by a parallel model with durations from that one, at any speed', async () => {
    const { seconds, parameters } = await train({
      config,
      set: [
        'model.frames.kind=parallel',
        'model.frames.prenetDropout=0.5',
        'training.guidedAttention.weight=0',
        `training.durationsFrom=${join(folder(), 'stepwise')}`,
      ],
      quiet: true,
      out: join(folder(), 'parallel'),
    });
    const { secondsOfSound } = await spoken('parallel', 'parallel-sounds');
    const distortion = await distortionOf('parallel', 'parallel-sounds');
    const { mcd = Number.NaN, durationError = Number.NaN } = await scoresOf('parallel');
    const fast = await spoken('parallel', 'fast-sounds', 2);
    report('text-to-speech, parallel', { distortion, mcd, durationError, secondsOfSound, seconds, parameters });
    expect(distortion).toBeLessThan(LARGEST_DISTORTION);
    expect(durationError).toBeLessThan(0.05);
    expect(fast.secondsOfSound / secondsOfSound).toBeGreaterThan(0.48);
    expect(fast.secondsOfSound / secondsOfSound).toBeLessThan(0.52);
  });
});
