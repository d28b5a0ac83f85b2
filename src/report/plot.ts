// Drawing of curves as SVG, once for both places where it happens: here as the page is written, and in the page as it is zoomed.

/** One curve of a chart. */
export interface Curve {
  readonly name: string;
  /** Which of the page's colours, from 1. */
  readonly colour: number;
  /** Steps, ascending. */
  readonly x: readonly number[];
  /** A value a step; null where it was not finite, which leaves a gap. */
  readonly y: readonly (number | null)[];
  /** Half the height of a band around the curve. */
  readonly band?: readonly (number | null)[];
  /** Whether each value gets a dot: for curves of few values. */
  readonly dots: boolean;
}

/** What a chart shows. */
export interface Chart {
  /** Unique on the page. */
  readonly id: string;
  readonly curves: readonly Curve[];
  /** Values that the vertical axis always shows. */
  readonly range?: readonly [number, number];
  /** The value to be marked as the best: step and value. */
  readonly best?: readonly [number, number];
  /** Steps that were skipped, and those where the run was resumed. */
  readonly skipped: readonly number[];
  readonly resumed: readonly number[];
}

/** How a chart is looked at. */
export interface View {
  readonly from: number;
  readonly to: number;
  readonly log: boolean;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** The values of a chart at a step. */
export interface Reading {
  readonly step: number;
  /** Each curve's value nearest to the step; `index` counts curves. */
  readonly values: readonly { index: number; step: number; value: number | null; band?: number | null }[];
}

/**
 * The tools to draw with. The page gets the text of this very function, so it uses nothing from outside of itself, and what is
 * tested here is what runs there.
 */
export function plotTools() {
  const TOP = 10;
  const RIGHT = 12;
  const BOTTOM = 24;

  /** The first index whose step is at least `step`. */
  function lowerBound(x: readonly number[], step: number): number {
    let low = 0;
    let high = x.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((x[middle] as number) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A distance of 1, 2 or 5 times a power of ten that divides `span` into about `count` parts. */
  function niceStep(span: number, count: number): number {
    const rough = span / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const factor = rough / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
  }

  /** Multiples of a nice distance between two values. */
  function linearTicks(from: number, to: number, count: number): number[] {
    const step = niceStep(to - from, count);
    const first = Math.ceil(from / step - 1e-9);
    const last = Math.floor(to / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  }

  /** 1, 2 and 5 times powers of ten, or only the powers where those are many; evenly spaced values in a narrow range. */
  function logTicks(from: number, to: number): number[] {
    const decades = Math.log10(to / from);
    const factors = decades > 4 ? [1] : [1, 2, 5];
    const found: number[] = [];
    const skip = Math.max(1, Math.ceil(decades / 7));
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += skip) {
      for (const factor of factors) found.push(Number((factor * 10 ** power).toPrecision(12)));
    }
    const inside = found.filter((tick) => tick >= from && tick <= to);
    return inside.length >= 3 ? inside : linearTicks(from, to, 4).filter((tick) => tick > 0);
  }

  /** A number of an axis. */
  function tickLabel(value: number): string {
    const size = Math.abs(value);
    if (value === 0) return '0';
    if (size >= 1e6 && size < 1e9) return `${Number((value / 1e6).toPrecision(4))}M`;
    if (size >= 1e4 && size < 1e6) return `${Number((value / 1e3).toPrecision(4))}k`;
    if (size < 1e-4 || size >= 1e9) return value.toExponential().replace('e+', 'e');
    return String(Number(value.toPrecision(6)));
  }

  /** A value to be read: five digits. */
  function valueLabel(value: number | null | undefined): string {
    if (value === null || value === undefined) return 'not finite';
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace('e+', 'e');
    if (size >= 1000) return String(Math.round(value * 10) / 10);
    return size >= 1 ? value.toPrecision(5) : value.toFixed(5);
  }

  /**
   * The indices between two that are to be drawn: all, or of every bucket of steps the first, the lowest, the highest and the last,
   * so that no peak is lost, and one gap if there is any.
   */
  function thin(curve: Pick<Curve, 'x' | 'y'>, begin: number, end: number, buckets: number): number[] {
    const { x, y } = curve;
    if (end - begin <= buckets * 4) return Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
    const start = x[begin] as number;
    const size = ((x[end - 1] as number) - start) / buckets || 1;
    const kept: number[] = [];
    let i = begin;
    while (i < end) {
      const bucket = Math.floor(((x[i] as number) - start) / size);
      const [first, picked] = [i, new Set<number>([i])];
      let low = -1;
      let high = -1;
      let gap = -1;
      for (; i < end && (i === first || Math.floor(((x[i] as number) - start) / size) === bucket); i++) {
        const value = y[i] as number | null;
        if (value === null) gap = i;
        else {
          if (low < 0 || value < (y[low] as number)) low = i;
          if (high < 0 || value > (y[high] as number)) high = i;
        }
      }
      for (const index of [low, high, gap, i - 1]) if (index >= 0) picked.add(index);
      kept.push(...[...picked].sort((a, b) => a - b));
    }
    return kept;
  }

  /** The lowest and the highest value in view, bands included. */
  function extent(chart: Chart, view: View): [number, number] {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { x, y, band } of chart.curves) {
      for (let i = lowerBound(x, view.from); i < x.length && (x[i] as number) <= view.to; i++) {
        const value = y[i] as number | null;
        if (value === null || (view.log && value <= 0)) continue;
        const half = band?.[i] ?? 0;
        if (!view.log || value - half > 0) low = Math.min(low, value - half);
        low = Math.min(low, value);
        high = Math.max(high, value + half);
      }
    }
    if (low > high) return view.log ? [1, 10] : (([0, 1] as const).slice() as [number, number]);
    return [low, high];
  }

  /** The scales of a chart in a view. */
  function frame(chart: Chart, view: View) {
    let [low, high] = extent(chart, view);
    let yTicks: number[];
    if (view.log) {
      low /= 1.08;
      high *= 1.08;
      yTicks = logTicks(low, high);
    } else {
      if (chart.range) [low, high] = [Math.min(low, chart.range[0]), Math.max(high, chart.range[1])];
      if (low === high) {
        const room = Math.abs(low) * 0.1 || 1;
        [low, high] = [low - room, high + room];
      }
      if (low > 0 && low < 0.25 * high) low = 0;
      const step = niceStep(high - low, 4);
      low = Math.floor(low / step + 1e-9) * step;
      high = Math.ceil(high / step - 1e-9) * step;
      yTicks = linearTicks(low, high, 4);
    }
    const left = 14 + 6.6 * Math.max(...yTicks.map((tick) => tickLabel(tick).length), 4);
    const [right, bottom] = [view.width - RIGHT, view.height - BOTTOM];
    const span = view.to - view.from;
    const scale = view.log ? Math.log : (value: number) => value;
    const px = (step: number): number => left + ((step - view.from) / span) * (right - left);
    const py = (value: number): number =>
      bottom - ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (bottom - TOP);
    const stepAt = (pixel: number): number => view.from + ((pixel - left) / (right - left)) * span;
    const xTicks = linearTicks(view.from, view.to, Math.max(2, Math.floor((right - left) / 90))).filter(
      Number.isInteger,
    );
    return { left, right, top: TOP, bottom, yTicks, xTicks, px, py, stepAt };
  }

  const at = (value: number): string => String(Math.round(value * 10) / 10);

  /** The path of a curve; a gap where a value is missing or has no logarithm. */
  function curvePath(curve: Curve, view: View, { px, py, left, right }: ReturnType<typeof frame>) {
    const begin = Math.max(0, lowerBound(curve.x, view.from) - 1);
    const end = Math.min(curve.x.length, lowerBound(curve.x, view.to + 1e-9) + 1);
    const drawn = thin(curve, begin, end, Math.max(50, Math.floor((right - left) / 2)));
    let line = '';
    let dots = '';
    let upper = '';
    let lower = '';
    let band = '';
    const close = (): void => {
      if (upper !== '') band += `M${upper}${lower}Z`;
      upper = '';
      lower = '';
    };
    let isOpen = false;
    for (const [n, i] of drawn.entries()) {
      const value = curve.y[i] as number | null;
      if (value === null || (view.log && value <= 0)) {
        isOpen = false;
        close();
        continue;
      }
      const [x, y] = [at(px(curve.x[i] as number)), at(py(value))];
      line += `${isOpen ? 'L' : 'M'}${x} ${y}`;
      const next = curve.y[drawn[n + 1] ?? -1];
      const isAlone = !isOpen && (next === undefined || next === null);
      if (isAlone || (curve.dots && drawn.length <= 80)) dots += `<circle cx="${x}" cy="${y}" r="2.6"/>`;
      isOpen = true;
      const half = curve.band?.[i];
      if (half === undefined || half === null || (view.log && value - half <= 0)) close();
      else {
        upper += `${upper === '' ? '' : 'L'}${x} ${at(py(value + half))}`;
        lower = `L${x} ${at(py(value - half))}${lower}`;
      }
    }
    close();
    return { line, dots, band };
  }

  /** The inside of the chart's `<svg>`, whose view box is `0 0 width height`. */
  function draw(chart: Chart, view: View): string {
    const scales = frame(chart, view);
    const { left, right, top, bottom, xTicks, yTicks, px, py } = scales;
    const inView = (step: number): boolean => step >= view.from && step <= view.to;
    const clip = `clip-${chart.id}`;
    let grid = '';
    for (const tick of yTicks) {
      const y = at(py(tick));
      grid += `<path d="M${at(left)} ${y}H${at(right)}"/><text x="${at(left - 8)}" y="${y}" dy=".32em" text-anchor="end">${tickLabel(tick)}</text>`;
    }
    for (const tick of xTicks) {
      const x = px(tick);
      // The outermost labels stay inside.
      const anchor = x > right - 16 ? 'end' : x < left + 4 ? 'start' : 'middle';
      grid += `<path class="tick" d="M${at(x)} ${at(bottom)}v4"/><text x="${at(x)}" y="${at(bottom + 17)}" text-anchor="${anchor}">${tickLabel(tick)}</text>`;
    }
    let curves = '';
    let dots = '';
    for (const curve of chart.curves) {
      const drawn = curvePath(curve, view, scales);
      if (drawn.band !== '') curves += `<path class="band c${curve.colour}" d="${drawn.band}"/>`;
      curves += `<path class="line c${curve.colour}" d="${drawn.line}"/>`;
      if (drawn.dots !== '') dots += `<g class="dots c${curve.colour}">${drawn.dots}</g>`;
    }
    const resumed = chart.resumed.filter(inView).map((step) => `M${at(px(step))} ${top}V${at(bottom)}`);
    const places = new Set(chart.skipped.filter(inView).map((step) => Math.round(px(step))));
    const skipped = [...places].map((x) => `M${x - 4} ${bottom}l4 -7l4 7z`);
    const [bestStep, bestValue] = chart.best ?? [Number.NaN, 0];
    const hasBest = inView(bestStep) && (!view.log || bestValue > 0);
    const best = hasBest ? `<circle class="best" cx="${at(px(bestStep))}" cy="${at(py(bestValue))}" r="5.5"/>` : '';
    return (
      `<clipPath id="${clip}"><rect x="${at(left - 4)}" y="${top - 4}" width="${at(right - left + 8)}" height="${at(bottom - top + 8)}"/></clipPath>` +
      `<g class="grid">${grid}</g>` +
      (resumed.length > 0 ? `<path class="resumed" d="${resumed.join('')}"/>` : '') +
      `<g clip-path="url(#${clip})">${curves}${dots}${best}</g>` +
      (skipped.length > 0 ? `<path class="skipped" d="${skipped.join('')}"/>` : '')
    );
  }

  /** The index of the step nearest to `step`. */
  function nearestIndex(x: readonly number[], step: number): number {
    const after = lowerBound(x, step);
    if (after === 0) return 0;
    if (after === x.length) return after - 1;
    return step - (x[after - 1] as number) < (x[after] as number) - step ? after - 1 : after;
  }

  /** The values at the step nearest to `step`, among those in view if there are any; undefined for a chart without values. */
  function read(chart: Chart, step: number, view: Pick<View, 'from' | 'to'>): Reading | undefined {
    let found: number | undefined;
    for (const { x } of chart.curves) {
      const first = lowerBound(x, view.from);
      const last = lowerBound(x, view.to + 1e-9) - 1;
      const candidate = x[Math.max(first, Math.min(nearestIndex(x, step), last))];
      if (candidate === undefined || first > last) continue;
      if (found === undefined || Math.abs(candidate - step) < Math.abs(found - step)) found = candidate;
    }
    if (found === undefined) return undefined;
    const values = chart.curves.flatMap(({ x, y, band }, index) => {
      const i = nearestIndex(x, found);
      const near = x[i];
      return near === undefined
        ? []
        : [{ index, step: near, value: y[i] as number | null, ...(band ? { band: band[i] as number | null } : {}) }];
    });
    return { step: found, values };
  }

  /** The next step of any curve in a direction, for the keyboard. */
  function neighbour(chart: Chart, step: number, direction: 1 | -1): number {
    let found: number | undefined;
    for (const { x } of chart.curves) {
      const candidate = direction > 0 ? x[lowerBound(x, step + 1e-9)] : x[lowerBound(x, step) - 1];
      if (candidate === undefined) continue;
      if (found === undefined || Math.abs(candidate - step) < Math.abs(found - step)) found = candidate;
    }
    return found ?? step;
  }

  return { draw, frame, read, neighbour, thin, valueLabel, tickLabel };
}
