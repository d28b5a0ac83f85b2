// What counts of a log after resumes.
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../../src/report/history.js';
import type { ReportRecord } from '../../../src/report/types.js';

const START = Date.parse('2026-01-01T00:00:00Z');
/** A training record of a process that began `began` seconds after the first and has run for `seconds`. */
const train = (step: number, seconds: number, began = 0, loss = 1): ReportRecord => {
  const at = new Date(START + (began + seconds) * 1000).toISOString();
  return { step, event: 'train', loss, targetTokens: step * 10, time: { at, seconds } };
};
const other = (step: number, event: string): ReportRecord => ({ step, event, time: { seconds: 3 } });

describe('readHistory', () => {
  it('sorts records by what they are', () => {
    const history = readHistory([
      train(10, 5),
      other(12, 'skipped'),
      train(20, 10),
      other(20, 'validation'),
      other(20, 'samples'),
    ]);
    expect(history.train.map(({ step }) => step)).toEqual([10, 20]);
    expect(history.validation).toHaveLength(1);
    expect(history.samples).toHaveLength(1);
    expect(history).toMatchObject({
      skipped: [12],
      resumed: [],
      repeated: 0,
      seconds: 10,
      targetTokens: 200,
      lastStep: 20,
    });
    expect(history.lastTime).toBeUndefined();
    expect(readHistory([train(10, 5)]).lastTime).toBe('2026-01-01T00:00:05.000Z');
  });

  it('finds resumes by the clock and adds up the time of all of them', () => {
    const history = readHistory([train(10, 5), train(20, 10), train(30, 4, 100), train(40, 8, 100)]);
    expect(history).toMatchObject({ resumed: [30], seconds: 18, repeated: 0 });
    // The second process took longer until its first record than the first until its last.
    expect(readHistory([train(10, 5), train(20, 30, 50)])).toMatchObject({ resumed: [20], seconds: 35 });
  });

  it('lets the later records count where steps go back', () => {
    const log = [
      train(10, 5),
      train(20, 10),
      other(20, 'validation'),
      train(30, 15),
      train(20, 4, 100, 7),
      train(30, 8, 100, 7),
    ];
    const history = readHistory(log);
    expect(history.train.map(({ step, loss }) => [step, loss])).toEqual([
      [10, 1],
      [20, 7],
      [30, 7],
    ]);
    expect(history).toMatchObject({ validation: [], repeated: 3, resumed: [20], seconds: 23 });
    // A record of the same step and kind means the same.
    expect(readHistory([train(10, 5), other(10, 'validation'), train(10, 4, 100, 7)])).toMatchObject({
      train: [{ loss: 7 }],
      validation: [],
      repeated: 2,
    });
  });

  it('makes nothing of nothing', () => {
    expect(readHistory([])).toMatchObject({ train: [], lastStep: 0, seconds: 0, targetTokens: Number.NaN });
  });
});
