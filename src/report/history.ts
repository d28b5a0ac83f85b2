// The history of a run from its metrics.jsonl: what counts of it after resumes, and where it was resumed.
import type { ReportRecord } from './types.js';

/** The records that count, and what happened on the way. */
export interface History {
  /** Those of each kind of event, steps ascending. */
  readonly train: readonly ReportRecord[];
  readonly validation: readonly ReportRecord[];
  readonly samples: readonly ReportRecord[];
  /** Steps that were left out because loss or gradient was not finite. */
  readonly skipped: readonly number[];
  /** The first steps logged after a resume. */
  readonly resumed: readonly number[];
  /** Records left out because the run went back and logged their steps again. */
  readonly repeated: number;
  /** Seconds of training, over all resumes. */
  readonly seconds: number;
  /** Training tokens of the target side. */
  readonly targetTokens: number;
  /** The last step logged. */
  readonly lastStep: number;
  /** When the last record was written, as it stands in the log. */
  readonly lastTime: string | undefined;
}

/** A number as the log holds it, where those that JSON lacks are strings; NaN for anything else. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return value === 'Infinity' || value === '-Infinity' ? Number(value) : Number.NaN;
}

/** A value of a record's member `time`, which holds what differs between equal runs. */
export function timeOf(record: ReportRecord, name: string): unknown {
  const { time } = record;
  return typeof time === 'object' && time !== null ? (time as Record<string, unknown>)[name] : undefined;
}

/** When the process that wrote a record began, and when it wrote; ms since 1970, NaN where the record does not say. */
function clockOf(record: ReportRecord): { seconds: number; began: number; at: number } {
  // Validations carry the seconds that they took, not those since the beginning.
  const seconds = record.event === 'train' ? numberOf(timeOf(record, 'seconds')) : Number.NaN;
  const at = Date.parse(String(timeOf(record, 'at')));
  return { seconds, began: at - seconds * 1000, at };
}

/** Takes back the records that `next` makes void because the run has gone back before them. @returns how many */
function takeBack(kept: ReportRecord[], { step, event }: ReportRecord): number {
  let isBack = false;
  for (let i = kept.length - 1; i >= 0 && !isBack && (kept[i]?.step ?? 0) >= step; i--) {
    isBack = (kept[i]?.step ?? 0) > step || kept[i]?.event === event;
  }
  let count = 0;
  while (isBack && (kept.at(-1)?.step ?? -1) >= step) {
    kept.pop();
    count += 1;
  }
  return count;
}

/**
 * What counts of a log. Training cuts the log at the checkpoint it resumes from, so as a rule steps only go up, and a resume shows
 * in the clock alone, which begins anew. A log whose steps go back was put together by other means; there the later records count.
 */
export function readHistory(records: readonly ReportRecord[]): History {
  const kept: ReportRecord[] = [];
  let resumed: number[] = [];
  let seconds = 0;
  let before = { seconds: 0, at: Number.NaN };
  let repeated = 0;
  for (const record of records) {
    const voided = takeBack(kept, record);
    repeated += voided;
    if (voided > 0) resumed = resumed.filter((step) => step < record.step);
    const clock = clockOf(record);
    let isAnew = false;
    if (Number.isFinite(clock.seconds)) {
      isAnew = clock.seconds < before.seconds || clock.began > before.at;
      seconds += isAnew ? clock.seconds : clock.seconds - before.seconds;
      before = clock;
    }
    if ((voided > 0 || isAnew) && !resumed.includes(record.step)) resumed.push(record.step);
    kept.push(record);
  }
  const ofEvent = (event: string) => kept.filter((record) => record.event === event);
  const train = ofEvent('train');
  const last = kept.at(-1);
  const lastTime = last && timeOf(last, 'at');
  return {
    train,
    validation: ofEvent('validation'),
    samples: ofEvent('samples'),
    skipped: ofEvent('skipped').map(({ step }) => step),
    resumed,
    repeated,
    seconds,
    targetTokens: numberOf(train.at(-1)?.targetTokens),
    lastStep: last?.step ?? 0,
    lastTime: typeof lastTime === 'string' ? lastTime : undefined,
  };
}
