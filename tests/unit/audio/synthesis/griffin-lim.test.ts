// Griffin-Lim against librosa's, and what sounds it makes of odd magnitudes.
import { describe, expect, it } from 'vitest';
import { createPowerSpectrum, createRealTransform } from '../../../../src/audio/features/fft.js';
import { mirrored } from '../../../../src/audio/features/log-mel.js';
import { windowValues } from '../../../../src/audio/features/windows.js';
import { createGriffinLim, type GriffinLimOptions, griffinLim } from '../../../../src/audio/synthesis/griffin-lim.js';
import { ConfigError } from '../../../../src/errors.js';
import { Random } from '../../../../src/random.js';
import { expected, recording, relativeDistance } from './support.js';

type Sizes = Pick<GriffinLimOptions, 'fftSize' | 'hopLength' | 'windowLength' | 'framing'>;

/** Magnitudes of a sound, by the transform that features use. */
async function magnitudesOf(samples: Float32Array, { fftSize, hopLength, windowLength, framing }: Sizes) {
  const spectrum = await createPowerSpectrum(fftSize);
  const window = windowValues('periodicHann', windowLength);
  const margin = (fftSize - windowLength) >> 1;
  const isCentred = framing === 'centred';
  const padding = isCentred ? fftSize / 2 : (fftSize - hopLength) / 2;
  const frames = Math.floor(samples.length / hopLength) + (isCentred ? 1 : 0);
  const width = fftSize / 2 + 1;
  const magnitudes = new Float32Array(frames * width);
  for (let t = 0; t < frames; t++) {
    for (let i = 0; i < windowLength; i++) {
      const at = mirrored(t * hopLength - padding + margin + i, samples.length);
      spectrum.input[margin + i] = samples[at]! * window[i]!;
    }
    spectrum.compute(magnitudes.subarray(t * width, (t + 1) * width));
  }
  return { magnitudes: magnitudes.map(Math.sqrt), frames };
}

async function convergence(target: Float32Array, sound: Float32Array, sizes: Sizes): Promise<number> {
  return relativeDistance((await magnitudesOf(sound, sizes)).magnitudes, target);
}

describe('transforms of real frames', () => {
  it.each([32, 96, 160, 512, 800, 1024])('of %i samples are those of the definition, and go back', async (size) => {
    const transform = await createRealTransform(size);
    const { input, spectrum, output } = transform.views();
    const random = new Random(1, 'fft');
    const signal = Float32Array.from({ length: size }, () => random.normal());
    input.set(signal);
    transform.forward();
    expect([...transform.bins].sort((a, b) => a - b)).toEqual(Array.from({ length: size / 2 }, (_, k) => k));
    const exact = (k: number) => {
      let [re, im] = [0, 0];
      signal.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * k * n) / size);
        im -= value * Math.sin((2 * Math.PI * k * n) / size);
      });
      return [re, im] as const;
    };
    transform.bins.forEach((bin, slot) => {
      const at = 2 * slot - (slot % transform.lanes);
      const [re, im] = exact(bin);
      expect(Math.abs(spectrum[at]! - re)).toBeLessThan(1e-4 * Math.sqrt(size));
      const wanted = bin === 0 ? exact(size / 2)[0] : im;
      expect(Math.abs(spectrum[at + transform.lanes]! - wanted)).toBeLessThan(1e-4 * Math.sqrt(size));
    });
    expect(transform.bins[0]).toBe(0);
    transform.inverse();
    expect(
      relativeDistance(
        output,
        signal.map((value) => value * size),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('Griffin-Lim', () => {
  it.each(expected.griffinLim.cases)(
    'equals librosa: $fftSize/$hopLength/$windowLength, momentum $momentum, $iterations iterations',
    async (item) => {
      const sizes = { ...item, framing: 'centred' } as const;
      const { magnitudes, frames } = await magnitudesOf(await recording(expected.griffinLim.file), sizes);
      const sound = await griffinLim(magnitudes, frames, { ...sizes, seed: 1, initialPhase: 'zero' });
      expect(sound).toHaveLength(item.length);
      const kept = item.samples.map((_, i) => sound[i * item.step]!);
      // librosa's own single precision leads away from its double precision as far: 5e-4 and 7e-3 after so many iterations.
      const most = item.iterations < 10 ? 1e-4 : 1e-2;
      expect(relativeDistance(kept, item.samples)).toBeLessThan(most);
      expect(Math.abs((await convergence(magnitudes, sound, sizes)) - item.convergence)).toBeLessThan(most / 20);
      const random = await griffinLim(magnitudes, frames, { ...sizes, seed: 1 });
      const reached = await convergence(magnitudes, random, sizes);
      expect(reached).toBeGreaterThan(item.random[0] * 0.9);
      expect(reached).toBeLessThan(item.random[1] * 1.1);
    },
  );

  it('finds phases of frames between multiples of the shift, too', async () => {
    const sizes = { fftSize: 512, hopLength: 128, windowLength: 512, framing: 'between' } as const;
    const { magnitudes, frames } = await magnitudesOf(await recording('digits/7.wav'), sizes);
    const run = (iterations: number) => griffinLim(magnitudes, frames, { ...sizes, iterations, seed: 3 });
    const sound = await run(60);
    expect(sound).toHaveLength(frames * 128);
    expect(await convergence(magnitudes, sound, sizes)).toBeLessThan(0.04);
    expect(await convergence(magnitudes, await run(0), sizes)).toBeGreaterThan(0.5);
  });

  it('gives the same bytes for a seed, whatever was made before, and others for another seed', async () => {
    const sizes = { fftSize: 256, hopLength: 64, windowLength: 200, framing: 'centred', iterations: 4 } as const;
    const random = new Random(2, 'magnitudes');
    const magnitudes = Float32Array.from({ length: 129 * 20 }, () => random.uniform());
    const make = await createGriffinLim({ ...sizes, seed: 5 });
    const first = make(magnitudes, 20);
    // A longer window leaves its frames in the memory that both share.
    const wide = { ...sizes, windowLength: 256 };
    const other = await griffinLim(magnitudes.subarray(0, 129 * 10), 10, { ...wide, seed: 6 });
    expect(make(magnitudes, 20)).toEqual(first);
    expect(await griffinLim(magnitudes, 20, { ...sizes, seed: 5 })).toEqual(first);
    expect(await griffinLim(magnitudes, 20, { ...sizes, seed: 6 })).not.toEqual(first);
    expect(other).toHaveLength(9 * 64);
  });

  it.each(['centred', 'between'] as const)('makes finite sound of few frames and of silence, %s', async (framing) => {
    const random = new Random(3, 'magnitudes');
    const make = await createGriffinLim({ fftSize: 256, hopLength: 64, windowLength: 256, framing, seed: 1 });
    for (const frames of [0, 1, 2, 3, 4, 9]) {
      const length = framing === 'centred' ? Math.max(frames - 1, 0) * 64 : frames * 64;
      const sound = make(
        Float32Array.from({ length: frames * 129 }, () => random.uniform()),
        frames,
      );
      expect(sound).toHaveLength(length);
      expect(sound.every(Number.isFinite)).toBe(true);
      expect(sound.some((value) => value !== 0)).toBe(length > 0);
      const silent = make(new Float32Array(frames * 129), frames);
      expect(silent).toHaveLength(length);
      expect(silent.every((value) => value === 0)).toBe(true);
    }
  });

  it('refuses what cannot be', async () => {
    const sizes = { fftSize: 256, hopLength: 64, windowLength: 256, framing: 'centred', seed: 1 } as const;
    for (const [change, message] of [
      [{ fftSize: 250 }, /expected fftSize of 32 × .*, found 250/],
      [{ windowLength: 257 }, /expected windowLength of 2 to 256 samples \(fftSize\), found 257/],
      [{ hopLength: 129 }, /expected hopLength of at most half of windowLength \(256\), .* found 129/],
      [{ hopLength: 63, framing: 'between' }, /expected an even difference .* found hopLength 63/],
      [{ iterations: 1.5 }, /iterations of 0 or more, found 1.5/],
      [{ momentum: -1 }, /momentum of 0 or more, found -1/],
      [{ momentum: Number.NaN }, /momentum of 0 or more, found NaN/],
    ] as const) {
      const refused = createGriffinLim({ ...sizes, ...change });
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toThrow(ConfigError);
    }
    const make = await createGriffinLim(sizes);
    expect(() => make(new Float32Array(128), 1)).toThrow(/expected 1 frames of 129 numbers .* found 128/);
  });
});
