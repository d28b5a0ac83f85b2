// metrics.jsonl: what training measured, one JSON object a line, appended as it happens.

import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { DataError } from '../errors.js';
import { storageError } from '../storage/atomic.js';
import { jsonNumber, stableJson } from '../storage/json.js';

/** One line's content: where training stands, what kind of event it is (`train`, `validation`, …), and its numbers. */
export interface MetricsRecord {
  step: number;
  event: string;
  [name: string]: unknown;
}

/** An open metrics.jsonl. */
export interface MetricsLog {
  /**
   * Appends one line. Keys are sorted and non-finite numbers are written as "NaN", "Infinity" and "-Infinity".
   * @param time what differs between equal runs (tokens a second, say), kept apart in the line's member `time`, together
   * with the time of writing: two equal runs differ in `time` only.
   * @throws DataError when the disk is full or the file cannot be written.
   */
  write(record: MetricsRecord, time?: Readonly<Record<string, number>>): void;
  /** Flushes to the disk what has been written; call it with every checkpoint. */
  sync(): void;
  close(): void;
}

/** A line and where it ends, its line feed included. */
interface Line {
  record: MetricsRecord;
  end: number;
}

/** A number as the log holds it: a JSON number or the name of a non-finite one. NaN for anything else. */
export function metricNumber(value: unknown): number {
  return jsonNumber.safeParse(value).data ?? Number.NaN;
}

function isRecord(value: unknown): value is MetricsRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'step' in value &&
    typeof value.step === 'number' &&
    'event' in value &&
    typeof value.event === 'string'
  );
}

/** The whole lines of a log; a last line without a line feed was torn by a kill and is left out. */
function* readLines(file: string): Generator<Line> {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw storageError(error, 'reading', file);
  }
  let number = 0;
  let start = 0;
  for (let feed = content.indexOf(10); feed >= 0; feed = content.indexOf(10, start)) {
    number += 1;
    const text = content.toString('utf8', start, feed);
    start = feed + 1;
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      // Reported below, with whatever else is no record.
    }
    if (!isRecord(record)) {
      const found = text.length > 60 ? `${text.slice(0, 60)}…` : text;
      throw new DataError(
        `${file}:${number}: expected a JSON object with "step" and "event", found ${JSON.stringify(found)}; delete the line`,
      );
    }
    yield { record, end: start };
  }
}

/**
 * The records of a log in order, without a torn last line. Numbers that may be non-finite go through {@link metricNumber}.
 * @throws DataError when the file is absent (exit code 66) or a line is no record.
 */
export function* readMetrics(file: string): Generator<MetricsRecord> {
  for (const { record } of readLines(file)) yield record;
}

/** The length of the log once the torn last line and everything from the first record after `step` on are cut off. */
function lengthUpTo(file: string, step: number): number {
  let length = 0;
  for (const { record, end } of readLines(file)) {
    if (record.step > step) break;
    length = end;
  }
  return length;
}

/**
 * Opens a log for appending. What an interrupted run left is repaired first: a torn last line goes, and so does everything
 * logged after the step that training resumes from, which will be logged again.
 * @param resumeAt the step of the checkpoint that training continues from; left out, all whole lines stay.
 * @param now the clock, ms since 1970.
 * @throws DataError when the file cannot be written, or a line in its middle is damaged.
 */
export function openMetricsLog(
  file: string,
  { resumeAt = Number.POSITIVE_INFINITY, now = Date.now }: { resumeAt?: number; now?: () => number } = {},
): MetricsLog {
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw storageError(error, 'writing', file);
    }
  };
  const kept = existsSync(file) ? lengthUpTo(file, resumeAt) : 0;
  const descriptor = attempt(() => openSync(file, 'a'));
  attempt(() => ftruncateSync(descriptor, kept));
  return {
    write(record, time = {}) {
      const line = stableJson({ ...record, time: { ...time, at: new Date(now()).toISOString() } });
      attempt(() => writeFileSync(descriptor, `${line}\n`));
    },
    sync: () => attempt(() => fsyncSync(descriptor)),
    close: () => closeSync(descriptor),
  };
}
