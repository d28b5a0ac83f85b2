import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { type MetricsRecord, metricNumber, openMetricsLog, readMetrics } from '../../../src/logging/metrics-log.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 's2s-metrics-'));
  file = path.join(folder, 'metrics.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Logs training steps from `first` to `last`. */
function logSteps(first: number, last: number, options: { resumeAt?: number; now?: () => number } = {}): void {
  const log = openMetricsLog(file, options);
  for (let step = first; step <= last; step++)
    log.write({ step, event: 'train', loss: 1 / step }, { tokensPerSecond: 9 });
  log.sync();
  log.close();
}
const steps = () => Array.from(readMetrics(file), ({ step }) => step);

describe('openMetricsLog', () => {
  it('writes one line a record, with sorted keys and the time apart', () => {
    const log = openMetricsLog(file, { now: () => 1_700_000_000_000 });
    log.write({ step: 1, loss: Number.NaN, event: 'train', learningRate: 0.001 }, { tokensPerSecond: 1234 });
    log.write({ step: 1, event: 'validation', bleu: Number.POSITIVE_INFINITY });
    log.close();
    expect(readFileSync(file, 'utf8')).toBe(
      '{"event":"train","learningRate":0.001,"loss":"NaN","step":1,' +
        '"time":{"at":"2023-11-14T22:13:20.000Z","tokensPerSecond":1234}}\n' +
        '{"bleu":"Infinity","event":"validation","step":1,"time":{"at":"2023-11-14T22:13:20.000Z"}}\n',
    );
  });

  it('resumes: what was logged after the checkpoint is cut off and logged again', () => {
    logSteps(1, 10, { now: () => 0 });
    const whole = readFileSync(file, 'utf8');
    logSteps(8, 10, { resumeAt: 7, now: () => 0 });
    expect(readFileSync(file, 'utf8')).toBe(whole);
    logSteps(1, 2, { resumeAt: 0 });
    expect(steps()).toEqual([1, 2]);
    logSteps(3, 3);
    expect(steps()).toEqual([1, 2, 3]);
  });

  it('repairs a last line torn at any byte', () => {
    logSteps(1, 2, { now: () => 0 });
    const whole = readFileSync(file);
    const secondLine = whole.indexOf('\n') + 1;
    for (let length = secondLine; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      expect(steps()).toEqual([1]);
      logSteps(2, 2, { now: () => 0 });
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
  });

  it('names a damaged line in the middle', () => {
    logSteps(1, 1);
    appendFileSync(file, '[]\n');
    expect(() => openMetricsLog(file)).toThrow(
      new DataError(`${file}:2: expected a JSON object with "step" and "event", found "[]"; delete the line`),
    );
  });

  it('explains a file that cannot be written', () => {
    const log = openMetricsLog(file);
    log.close();
    expect(() => log.write({ step: 1, event: 'train' })).toThrow(DataError);
    expect(() => openMetricsLog(path.join(folder, 'absent', 'x'))).toThrow('its folder does not exist');
  });
});

describe('readMetrics', () => {
  it('reads the records back, numbers through metricNumber', () => {
    const log = openMetricsLog(file);
    const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [step, loss] of values.entries()) log.write({ step, event: 'train', loss });
    log.close();
    expect(Array.from(readMetrics(file), (record: MetricsRecord) => metricNumber(record.loss))).toEqual(values);
    expect(metricNumber('')).toBeNaN();
    expect(metricNumber(null)).toBeNaN();
  });

  it('says so when there is no log', () => {
    expect(() => [...readMetrics(file)]).toThrow('no such file');
  });
});
