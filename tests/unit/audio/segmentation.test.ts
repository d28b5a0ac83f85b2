// Cutting long audio: everything is covered, lengths keep to their limits, cuts lie in pauses, windows make no difference.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { audioWindows, readAudio } from '../../../src/audio/io/read.js';
import {
  type Segment,
  type SegmentationOptions,
  segmentOnSilence,
  segmentStream,
} from '../../../src/audio/segmentation.js';
import { Random } from '../../../src/random.js';

const RATE = 8000;

interface Pause {
  readonly start: number;
  readonly end: number;
}

/**
 * Something like speech: syllables of noise of changing loudness with dips of 30 to 60 ms between them, phrases of 1 to 4 s, pauses of
 * 0.25 to 0.9 s with faint noise.
 */
function speech(seconds: number, seed: number): { samples: Float32Array; pauses: Pause[] } {
  const random = new Random(seed, 'speech');
  const between = (low: number, high: number) => low + random.uniform() * (high - low);
  const samples = new Float32Array(seconds * RATE);
  const pauses: Pause[] = [];
  let at = 0;
  const noise = (length: number, level: (share: number) => number) => {
    const count = Math.round(length * RATE);
    for (let i = 0; i < count && at < samples.length; i++, at++) {
      samples[at] = level(i / count) * (2 * random.uniform() - 1);
    }
  };
  while (at < samples.length) {
    for (let left = between(1, 4); left > 0; ) {
      const syllable = between(0.1, 0.3);
      const loudness = between(0.1, 0.8);
      noise(syllable, (share) => loudness * Math.sin(Math.PI * share) ** 0.5 + 0.01);
      noise(between(0.03, 0.06), () => 0.01);
      left -= syllable;
    }
    const start = at / RATE;
    noise(between(0.25, 0.9), () => 0.001);
    pauses.push({ start, end: at / RATE });
  }
  return { samples, pauses };
}

const constant = (seconds: number, value: (i: number) => number) =>
  Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => value(i));

/** Fails unless the pieces follow on each other from 0 to the end. */
function expectCovered(segments: readonly Segment[], samples: number, rate = RATE): void {
  const ends = segments.map(({ end }) => end);
  expect(segments.map(({ start }) => start)).toEqual([0, ...ends.slice(0, -1)]);
  expect(ends.at(-1)).toBe(samples / rate);
}

function lengths(segments: readonly Segment[]): { shortest: number; longest: number } {
  const all = segments.map(({ start, end }) => end - start);
  return { shortest: Math.min(...all), longest: Math.max(...all) };
}

async function* windowsOf(samples: Float32Array, size: () => number): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples.length; ) {
    const length = size();
    yield samples.subarray(at, at + length);
    at += length;
  }
}

async function streamed(samples: Float32Array, options: SegmentationOptions, size: () => number) {
  const pieces = [];
  for await (const piece of segmentStream(windowsOf(samples, size), RATE, options)) pieces.push(piece);
  return pieces;
}

describe('ten minutes like speech', () => {
  const { samples, pauses } = speech(600, 7);

  test.each([
    { maxSeconds: 30 },
    { maxSeconds: 20, minSeconds: 10 },
    { maxSeconds: 15, minSeconds: 2 },
    { maxSeconds: 12, minSeconds: 0 },
  ])('are cut in pauses: %j', (options) => {
    const segments = segmentOnSilence(samples, RATE, options);
    expectCovered(segments, samples.length);
    const { shortest, longest } = lengths(segments);
    expect(longest).toBeLessThanOrEqual(options.maxSeconds);
    expect(shortest).toBeGreaterThanOrEqual(options.minSeconds ?? options.maxSeconds / 4);
    const cuts = segments.slice(1).map(({ start }) => start);
    expect(cuts.length).toBeGreaterThanOrEqual(Math.floor(600 / options.maxSeconds));
    // Well inside: at least 50 ms from the sound before and after.
    const inside = (time: number) => pauses.some(({ start, end }) => start + 0.05 <= time && time <= end - 0.05);
    expect(cuts.filter((time) => !inside(time))).toEqual([]);
  });

  test('a cut is in the middle of the longest pause in reach', () => {
    const [first] = segmentOnSilence(samples, RATE, { maxSeconds: 30, minSeconds: 5 });
    const reach = pauses.filter(({ start, end }) => start > 5 && end < 30);
    const longest = reach.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
    expect(Math.abs(first!.end - (longest.start + longest.end) / 2)).toBeLessThan(0.03);
  });

  test('loudness makes no difference', () => {
    const options = { maxSeconds: 30 };
    const soft = samples.map((value) => value / 4);
    expect(segmentOnSilence(soft, RATE, options)).toEqual(segmentOnSilence(samples, RATE, options));
  });

  test.each([
    ['of 10 ms', () => 80],
    ['of 1 s', () => RATE],
    ['of 100 s', () => 100 * RATE],
    ['all at once', () => samples.length],
  ])('as a stream with windows %s they are the same pieces', async (_name, size) => {
    const options = { maxSeconds: 20 };
    const pieces = await streamed(samples, options, size);
    expect(pieces.map(({ start, end }) => ({ start, end }))).toEqual(segmentOnSilence(samples, RATE, options));
    let at = 0;
    for (const piece of pieces) {
      const expected = samples.subarray(at, at + piece.samples.length);
      expect(Buffer.compare(Buffer.from(piece.samples.buffer), Buffer.from(expected.slice().buffer))).toBe(0);
      at += piece.samples.length;
    }
    expect(at).toBe(samples.length);
  });

  test('windows of random lengths, empty ones too', async () => {
    const random = new Random(3, 'windows');
    const part = samples.subarray(0, 97 * RATE + 13);
    const pieces = await streamed(part, { maxSeconds: 11, minSeconds: 3 }, () => random.integer(9000));
    expect(pieces.map(({ start, end }) => ({ start, end }))).toEqual(
      segmentOnSilence(part, RATE, { maxSeconds: 11, minSeconds: 3 }),
    );
  });

  test('a piece comes as soon as it is decided', async () => {
    let given = 0;
    const counted = windowsOf(samples, () => {
      given += RATE;
      return RATE;
    });
    for await (const { start } of segmentStream(counted, RATE, { maxSeconds: 20, minSeconds: 5 })) {
      // The longest piece, the shortest rest, 50 ms, and what is left of a window.
      expect(given / RATE - start).toBeLessThanOrEqual(26.05);
    }
  });
});

describe('audio without pauses', () => {
  test.each([
    ['silence', () => 0],
    ['a constant', () => 0.25],
    ['a tone', (i: number) => 0.5 * Math.sin(2 * Math.PI * 0.05 * i)],
  ])('%s is covered within the limits', (_name, value) => {
    const samples = constant(95, value);
    const segments = segmentOnSilence(samples, RATE, { maxSeconds: 10, minSeconds: 4 });
    expectCovered(segments, samples.length);
    const { shortest, longest } = lengths(segments);
    expect([shortest >= 4, longest <= 10]).toEqual([true, true]);
    expect(segments.length).toBeLessThanOrEqual(24);
  });

  test('a tone with a dip of 20 ms is cut there', () => {
    const samples = constant(12, (i) => 0.5 * Math.sin(2 * Math.PI * 0.05 * i));
    for (let i = 7 * RATE; i < 7.02 * RATE; i++) samples[i]! *= 0.1;
    const [first, second] = segmentOnSilence(samples, RATE, { maxSeconds: 10, minSeconds: 2 });
    expect(Math.abs(first!.end - 7.01)).toBeLessThan(0.05);
    expect(second!.end).toBe(12);
  });

  test('of pauses of the same length the last is taken, of others the longest', () => {
    const gaps = (...times: (readonly [number, number])[]) =>
      constant(25, (i) => (times.some(([from, to]) => from * RATE <= i && i < to * RATE) ? 0 : 0.5));
    const cutOf = (samples: Float32Array) => segmentOnSilence(samples, RATE, { maxSeconds: 20 })[0]!.end;
    expect(cutOf(gaps([7, 7.5], [11, 11.5], [15, 15.4]))).toBeCloseTo(11.25, 2);
    expect(cutOf(gaps([7, 7.6], [11, 11.5], [15, 15.4]))).toBeCloseTo(7.3, 2);
  });

  test('digital silence is quieter than a room', () => {
    const random = new Random(4, 'room');
    const samples = constant(25, (i) => (i >= 8 * RATE && i < 8.2 * RATE ? 0 : 0.002 * (random.uniform() - 0.5)));
    const [first] = segmentOnSilence(samples, RATE, { maxSeconds: 20 });
    expect(Math.abs(first!.end - 8.1)).toBeLessThan(0.02);
  });
});

describe('lengths', () => {
  test('what fits into one piece is not cut, however short it is', () => {
    for (const count of [1, 79, RATE, 4 * RATE, 20 * RATE]) {
      expect(segmentOnSilence(new Float32Array(count), RATE, { maxSeconds: 20, minSeconds: 5 })).toEqual([
        { start: 0, end: count / RATE },
      ]);
    }
  });

  test('nothing gives no pieces', async () => {
    expect(segmentOnSilence(new Float32Array(0), RATE, { maxSeconds: 20 })).toEqual([]);
    expect(await streamed(new Float32Array(0), { maxSeconds: 20 }, () => 1)).toEqual([]);
  });

  test('no rest is shorter than the shortest piece', () => {
    const random = new Random(5, 'rest');
    const { samples } = speech(40, 8);
    for (let i = 0; i < 200; i++) {
      const part = samples.subarray(0, 10 * RATE + 1 + random.integer(30 * RATE - 1));
      const segments = segmentOnSilence(part, RATE, { maxSeconds: 10, minSeconds: 5 });
      expectCovered(segments, part.length);
      expect(segments.length).toBeGreaterThan(1);
      expect(lengths(segments).shortest).toBeGreaterThanOrEqual(5);
      expect(lengths(segments).longest).toBeLessThanOrEqual(10);
    }
  });

  test.each([11025, 22050, 44100, 999])('rates that have no whole number of samples in 10 ms: %i Hz', async (rate) => {
    const { samples } = speech(60, 9);
    const segments = segmentOnSilence(samples, rate, { maxSeconds: 2, minSeconds: 0.7 });
    expectCovered(segments, samples.length, rate);
    const { shortest, longest } = lengths(segments);
    expect(longest).toBeLessThanOrEqual(2 + 1e-9);
    expect(shortest).toBeGreaterThanOrEqual(0.7 - 1e-9);
    const pieces = [];
    for await (const piece of segmentStream(
      windowsOf(samples, () => 777),
      rate,
      { maxSeconds: 2, minSeconds: 0.7 },
    )) {
      pieces.push({ start: piece.start, end: piece.end });
    }
    expect(pieces).toEqual(segments);
  });

  test.each([
    [0, { maxSeconds: 10 }, /sampleRate: expected a positive number, found 0/],
    [RATE, { maxSeconds: 0 }, /maxSeconds: expected a positive number, found 0/],
    [RATE, { maxSeconds: Number.POSITIVE_INFINITY }, /maxSeconds: expected a positive number/],
    [RATE, { maxSeconds: 0.01 }, /maxSeconds: expected at least 0.02, found 0.01/],
    [RATE, { maxSeconds: 10, minSeconds: 6 }, /at most half of maxSeconds \(10\).*found 6/],
    [RATE, { maxSeconds: 10, minSeconds: -1 }, /found -1/],
    [RATE, { maxSeconds: 10, minSeconds: Number.NaN }, /found NaN/],
  ])('options that cannot be used: %j', async (rate, options, message) => {
    expect(() => segmentOnSilence(new Float32Array(1), rate, options)).toThrow(message);
    const stream = segmentStream(
      windowsOf(new Float32Array(1), () => 1),
      rate,
      options,
    );
    await expect(stream.next()).rejects.toThrow(message);
  });
});

test('recorded speech from files: prompts put together are cut between words', async () => {
  const file = (name: string) =>
    fileURLToPath(new URL(`../../../fixtures/speech-recognition/audio/${name}.wav`, import.meta.url));
  const names = [
    'vm-tocancelmsg',
    'conf-now-unmuted',
    'vm-toreply',
    'vm-msgsaved',
    'confbridge-removed',
    'conf-locked',
  ];
  const parts = await Promise.all(names.map(async (name) => (await readAudio({ path: file(name) })).samples));
  const starts = parts.map((_, i) => parts.slice(0, i).reduce((sum, { length }) => sum + length, 0) / RATE);
  const samples = Float32Array.from(parts.flatMap((part) => [...part]));
  const segments = segmentOnSilence(samples, RATE, { maxSeconds: 4, minSeconds: 1.5 });
  expectCovered(segments, samples.length);
  // The recordings begin and end with some tenths of a second of silence.
  for (const { start } of segments) expect(Math.min(...starts.map((time) => Math.abs(time - start)))).toBeLessThan(0.4);
  async function* windows() {
    for await (const { samples: window } of audioWindows({ path: file(names[0]!) }, 0.3)) yield window;
  }
  const first = [];
  for await (const piece of segmentStream(windows(), RATE, { maxSeconds: 1 })) first.push(...piece.samples);
  expect(Float32Array.from(first)).toEqual(parts[0]);
});
