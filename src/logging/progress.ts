// The progress of a long command on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet.

import cliProgress from 'cli-progress';

/** Where a display is drawn: process.stderr, or anything like it. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** What to show and where. */
export interface ProgressOptions {
  /** The last step; left out when it is not known (input from a pipe, say): no bar and no time to go are shown then. */
  total?: number;
  /** The step that work begins at, e.g. of the checkpoint that is resumed. Default 0. */
  start?: number;
  /** Shows nothing at all. */
  quiet?: boolean;
  /** Default stderr: stdout carries results only. */
  stream?: ProgressStream;
  /** What is being done, e.g. `train`. */
  label: string;
  /** Where there is no terminal: how many steps from one line to the next. */
  every: number;
  /** The clock, in ms. */
  now?: () => number;
}

/** A progress display. */
export interface Progress {
  /** Shows that `step` is done. @param values e.g. `{ loss, tokensPerSecond }`, shown in this order. */
  update(step: number, values?: Readonly<Record<string, number>>): void;
  /** Prints a line: above the bar on a terminal. Not for warnings, which must be seen when quiet too. */
  message(text: string): void;
  /** Ends the display, leaving the last state on the screen. Call it in a `finally`; again is harmless. */
  stop(): void;
}

/** How much of the past weighs in the speed after each update: about the last 50 updates count. */
const MEMORY = 0.98;
/** Updates draw the bar at most so often, in ms. */
const REDRAW = 100;
const BAR_WIDTH = 24;

/** Seconds as `42s`, `3m05s` or `2h07m`. */
function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (x: number) => String(x).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}

/** One named value: speeds with their unit, everything else to four digits. */
function formatValue(name: string, value: number): string {
  const unit = /^(\w+)PerSecond$/.exec(name)?.[1];
  if (unit !== undefined) return `${Math.round(value)} ${unit}/s`;
  return `${name} ${Number.isInteger(value) ? value : Number.isFinite(value) ? value.toPrecision(4) : String(value)}`;
}

/** Tells how long the rest takes, from a moving average of the time a step takes. */
function createEstimate(start: number, now: () => number): (step: number) => number | undefined {
  let lastStep = start;
  let lastTime = now();
  let steps = 0;
  let time = 0;
  return (step) => {
    const present = now();
    steps = steps * MEMORY + (step - lastStep);
    time = time * MEMORY + (present - lastTime) / 1000;
    lastStep = step;
    lastTime = present;
    return steps > 0 ? time / steps : undefined;
  };
}

/** Plain lines, one every so many steps and one at the end. */
function createLines(write: (line: string) => void, every: number, start: number, total?: number) {
  let printed = start;
  let pending: string | undefined;
  return {
    show(step: number, line: string) {
      pending = line;
      if (Math.floor(step / every) === Math.floor(printed / every) && step !== total) return;
      printed = step;
      pending = undefined;
      write(line);
    },
    message: write,
    stop() {
      if (pending !== undefined) write(pending);
      pending = undefined;
    },
  };
}

/** The bar on the last line of a terminal. */
function createBar(stream: ProgressStream, now: () => number, start: number, total?: number) {
  // The cursor stays visible and line wrapping as it is (`true` cuts lines to the terminal's width instead of switching it
  // off), so that nothing needs restoring however the process ends.
  const bars = new cliProgress.MultiBar({
    stream,
    format: total === undefined ? '{line}' : '[{bar}] {line}',
    barsize: BAR_WIDTH,
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    forceRedraw: true,
    fps: 1,
  });
  // The redraw timer, which the library's types leave out, must not keep a process alive that forgot to stop.
  const letGo = () => (bars as unknown as { timer: NodeJS.Timeout | null }).timer?.unref();
  bars.on('update-post', letGo);
  const bar = bars.create(total ?? 1, start, { line: '' });
  letGo();
  let drawn = Number.NEGATIVE_INFINITY;
  let stopped = false;
  return {
    show(step: number, line: string) {
      bar.update(Math.min(step, total ?? 0), { line });
      // Drawn here as well as by the timer, which does not run while computing keeps the event loop busy.
      if (stopped || now() - drawn < REDRAW) return;
      drawn = now();
      bars.update();
    },
    message(line: string) {
      if (stopped) {
        stream.write(`${line}\n`);
        return;
      }
      bars.log(`${line}\n`);
      bars.update();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      bars.stop();
    },
  };
}

/**
 * Starts a progress display on a stream: a bar with step, values and time to go if it is a terminal, else plain lines.
 * @example
 * const progress = createProgress({ total: 1000, label: 'train', every: 100 });
 * try {
 *   for (let step = 1; step <= 1000; step++) progress.update(step, { loss: trainStep() });
 * } finally {
 *   progress.stop();
 * }
 */
export function createProgress(options: ProgressOptions): Progress {
  const {
    total,
    start = 0,
    quiet = false,
    stream = process.stderr,
    label,
    every,
    now = () => performance.now(),
  } = options;
  if (quiet) return { update: () => undefined, message: () => undefined, stop: () => undefined };
  const secondsAStep = createEstimate(start, now);
  const display = stream.isTTY
    ? createBar(stream, now, start, total)
    : createLines((line) => stream.write(`${line}\n`), every, start, total);
  return {
    update(step, values = {}) {
      const shown = Object.entries(values).map(([name, value]) => formatValue(name, value));
      const speed = secondsAStep(step);
      if (total !== undefined && speed !== undefined && step < total) {
        shown.push(`ETA ${formatSeconds((total - step) * speed)}`);
      }
      display.show(step, [`${label} ${step}${total === undefined ? '' : `/${total}`}`, ...shown].join('  '));
    },
    message: (line) => display.message(line),
    stop: () => display.stop(),
  };
}
