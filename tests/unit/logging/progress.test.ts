import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  createProgress,
  type Progress,
  type ProgressOptions,
  type ProgressStream,
} from '../../../src/logging/progress.js';

/** A stream that keeps what is written, as a terminal 80 columns wide or as a pipe, and a clock that the test turns. */
function collect(isTTY: boolean, options: Partial<ProgressOptions> = {}) {
  let text = '';
  let time = 0;
  const stream: ProgressStream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    }),
    { isTTY, columns: 80 },
  );
  const progress: Progress = createProgress({
    total: 1000,
    label: 'train',
    every: 100,
    stream,
    now: () => time,
    ...options,
  });
  return {
    progress,
    /** One step of 100 ms. */
    step(step: number) {
      time += 100;
      progress.update(step, { loss: 5 / step, tokensPerSecond: 12345.6 });
    },
    text: () => text,
    lines: () => text.split('\n').slice(0, -1),
  };
}

describe('where there is no terminal', () => {
  it('prints a line every so many steps and one at the end', () => {
    const { progress, step, lines } = collect(false);
    for (let i = 1; i <= 250; i++) step(i);
    progress.message('validation: bleu 12.3');
    progress.stop();
    progress.stop();
    expect(lines()).toEqual([
      'train 100/1000  loss 0.05000  12346 tokens/s  ETA 1m30s',
      'train 200/1000  loss 0.02500  12346 tokens/s  ETA 1m20s',
      'validation: bleu 12.3',
      'train 250/1000  loss 0.02000  12346 tokens/s  ETA 1m15s',
    ]);
  });

  it('prints the last step once, and lines at crossed marks when steps are skipped', () => {
    const { progress, step, lines } = collect(false, { total: 25, every: 10, start: 8 });
    for (const i of [9, 12, 19, 23, 25]) step(i);
    progress.stop();
    expect(lines().map((line) => line.split('  ')[0])).toEqual(['train 12/25', 'train 23/25', 'train 25/25']);
    expect(lines().at(-1)).not.toContain('ETA');
  });

  it('counts without an end', () => {
    const { progress, lines } = collect(false, { label: 'decode', every: 2, total: undefined as never });
    progress.update(2, { lines: 7, score: Number.NaN });
    progress.stop();
    expect(lines()).toEqual(['decode 2  lines 7  score NaN']);
  });

  it('says nothing when quiet', () => {
    for (const isTTY of [false, true]) {
      const { progress, step, text } = collect(isTTY, { quiet: true });
      step(500);
      progress.message('hello');
      progress.stop();
      expect(text()).toBe('');
    }
  });
});

describe('time to go', () => {
  it('follows the speed of late, not that of the start', () => {
    let time = 0;
    const { progress, lines } = collect(false, { now: () => time, every: 1000, total: 10_000 });
    for (let i = 1; i <= 1000; i++) {
      time += i <= 500 ? 10_000 : 100;
      progress.update(i);
    }
    expect(lines()).toHaveLength(1);
    const minutes = Number(/ETA (\d+)m\d\ds$/.exec(lines()[0] as string)?.[1]);
    expect(minutes).toBeGreaterThanOrEqual(15);
    expect(minutes).toBeLessThan(16);
  });

  it('is written in hours, minutes or seconds', () => {
    const at = (milliseconds: number) => {
      let time = 0;
      const { progress, lines } = collect(false, { now: () => time, every: 1, total: 2 });
      time = milliseconds;
      progress.update(1);
      return lines()[0];
    };
    expect(at(41_600)).toBe('train 1/2  ETA 42s');
    expect(at(185_000)).toBe('train 1/2  ETA 3m05s');
    expect(at(7_620_000)).toBe('train 1/2  ETA 2h07m');
  });
});

describe('on a terminal', () => {
  it('draws a bar with messages above it, within the width, and leaves the terminal as it was', () => {
    const { progress, step, text } = collect(true);
    for (let i = 1; i <= 500; i++) {
      step(i);
      if (i === 250) progress.message('validation: bleu 12.3');
    }
    progress.stop();
    const drawn = text();
    progress.stop();
    expect(text()).toBe(drawn);
    const shown = stripVTControlCharacters(drawn);
    expect(shown.split('\n')[0]).toMatch(/validation: bleu 12\.3$/);
    expect(shown.endsWith('[============------------] train 500/1000  loss 0.01000  12346 tokens/s  ETA 50s\n')).toBe(
      true,
    );
    // Neither the cursor (?25) nor line wrapping (?7) is ever switched, so nothing is left switched by an exception.
    expect(drawn).not.toContain('\x1b[?');
  });

  it('does not keep a process alive that never stops it', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const { step, progress } = collect(true);
    step(1);
    progress.message('x');
    expect(timers()).toBe(before);
    progress.stop();
  });

  it('prints messages after the end as plain lines', () => {
    const { progress, text } = collect(true);
    progress.stop();
    const before = text();
    progress.message('done');
    progress.update(5);
    expect(text()).toBe(`${before}done\n`);
  });
});
