// Drawing: nothing of a curve is lost that a viewer would miss, and what is read is what is there.
import { describe, expect, it } from 'vitest';
import { type Chart, type Curve, plotTools, type View } from '../../../src/report/plot.js';

const tools = plotTools();
const view: View = { from: 0, to: 100, log: false, width: 500, height: 240 };

const curve = (x: readonly number[], y: readonly (number | null)[], more: Partial<Curve> = {}): Curve => {
  return { name: 'loss', colour: 1, x, y, dots: false, ...more };
};
const chart = (...curves: Curve[]): Chart => ({ id: 'loss', curves, skipped: [], resumed: [] });
const pathOf = (svg: string, name: string): string =>
  new RegExp(`class="${name}[^"]*" d="([^"]*)"`).exec(svg)?.[1] ?? '';

describe('thin', () => {
  const steps = Array.from({ length: 100_000 }, (_, i) => i);

  it('keeps every peak and every gap, in order', () => {
    const values: (number | null)[] = steps.map((i) => Math.sin(i));
    const peaks = [3, 777, 50_001, 99_998];
    for (const peak of peaks) values[peak] = 50 + peak;
    values[40_000] = null;
    const kept = tools.thin({ x: steps, y: values }, 0, steps.length, 200);
    expect(kept.length).toBeLessThanOrEqual(201 * 5);
    for (const index of [0, ...peaks, 40_000, 99_999]) expect(kept).toContain(index);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
  });

  it('keeps all where there is room', () => {
    expect(tools.thin({ x: steps, y: steps }, 5, 9, 200)).toEqual([5, 6, 7, 8]);
  });

  it('comes to an end where all steps are one', () => {
    const kept = tools.thin({ x: Array.from({ length: 1000 }, () => 7), y: steps }, 0, 1000, 10);
    expect(kept).toContain(0);
    expect(kept).toContain(999);
  });
});

describe('frame', () => {
  it('puts the ends of the range on the edges and back', () => {
    const scales = tools.frame(chart(curve([0, 100], [1, 3])), view);
    expect(scales.px(0)).toBeCloseTo(scales.left);
    expect(scales.px(100)).toBeCloseTo(scales.right);
    expect(scales.stepAt(scales.px(37))).toBeCloseTo(37);
    expect(scales.yTicks).toEqual([1, 1.5, 2, 2.5, 3]);
    expect(scales.py(1)).toBeCloseTo(scales.bottom);
    expect(scales.py(3)).toBeCloseTo(scales.top);
    expect(scales.xTicks).toEqual([0, 20, 40, 60, 80, 100]);
  });

  it('follows the values in view only', () => {
    const data = chart(curve([0, 50, 100], [1000, 2, 3]));
    expect(tools.frame(data, view).yTicks.at(-1)).toBe(1000);
    expect(tools.frame(data, { ...view, from: 40 }).yTicks.at(-1)).toBe(3);
  });

  it('has decades on a logarithmic axis, and finer ticks in a narrow range', () => {
    const wide = tools.frame(chart(curve([0, 50, 100], [0.001, 1, 1000])), { ...view, log: true });
    expect(wide.yTicks).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
    expect(wide.py(1) - wide.py(10)).toBeCloseTo(wide.py(10) - wide.py(100));
    const narrow = tools.frame(chart(curve([0, 100], [5.1, 5.4])), { ...view, log: true });
    expect(narrow.yTicks.length).toBeGreaterThanOrEqual(3);
  });

  it.each([[[2, 2]], [[0, 0]], [[null, null]], [[-3, -3]]])('has room for %j', (values) => {
    const { py, yTicks } = tools.frame(chart(curve([0, 100], values)), view);
    expect(yTicks.length).toBeGreaterThan(1);
    expect(Number.isFinite(py(values[0] ?? 0))).toBe(true);
  });

  it('always shows the range that a chart asks for', () => {
    const { yTicks } = tools.frame({ ...chart(curve([0, 100], [0.5, 0.6])), range: [0, 1] }, view);
    expect([yTicks[0], yTicks.at(-1)]).toEqual([0, 1]);
  });
});

describe('draw', () => {
  it('breaks the line at a gap and shows what stands alone', () => {
    const svg = tools.draw(chart(curve([0, 10, 20, 30, 40], [1, 2, null, 3, null])), view);
    expect(pathOf(svg, 'line').match(/M/g)).toHaveLength(2);
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('leaves out what has no logarithm', () => {
    const svg = tools.draw(chart(curve([0, 10, 20], [1, 0, 2])), { ...view, log: true });
    expect(pathOf(svg, 'line').match(/M/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('draws a band as one area around the line', () => {
    const svg = tools.draw(chart(curve([0, 50, 100], [2, 3, 4], { band: [1, 0.5, 0] })), view);
    expect(pathOf(svg, 'band')).toMatch(/^M[\d.]+ [\d.]+L[\d.]+ [\d.]+L[\d.]+ [\d.]+(L[\d.]+ [\d.]+){3}Z$/);
  });

  it('marks skipped steps, resumes and the best within view', () => {
    const data = { ...chart(curve([0, 100], [1, 2])), skipped: [20, 500], resumed: [30], best: [100, 2] as const };
    const svg = tools.draw(data, view);
    expect(pathOf(svg, 'skipped').match(/M/g)).toHaveLength(1);
    expect(pathOf(svg, 'resumed').match(/M/g)).toHaveLength(1);
    expect(svg).toContain('class="best"');
    const zoomed = tools.draw(data, { ...view, from: 40, to: 90 });
    expect(zoomed).not.toMatch(/skipped|resumed|class="best"/);
    // The line still runs through the view from the points outside of it.
    expect(pathOf(zoomed, 'line')).toMatch(/^M-\d/);
  });
});

describe('read', () => {
  const data = chart(curve([10, 20, 30], [1, null, 3]), curve([20, 40], [5, 6], { band: [0.1, 0.2] }));

  it('gives every curve at the nearest step, or the nearest that it has', () => {
    expect(tools.read(data, 29, view)).toEqual({
      step: 30,
      values: [
        { index: 0, step: 30, value: 3 },
        { index: 1, step: 40, value: 6, band: 0.2 },
      ],
    });
    expect(tools.read(data, 19, view)?.values.map(({ value }) => value)).toEqual([null, 5]);
  });

  it('stays within view', () => {
    expect(tools.read(data, 90, { from: 0, to: 30 })?.step).toBe(30);
    expect(tools.read(data, 35, { from: 15, to: 35 })?.step).toBe(30);
    expect(tools.read(data, 15, { from: 15, to: 35 })?.step).toBe(20);
    expect(tools.read(data, 5, { from: 31, to: 39 })).toBeUndefined();
    expect(tools.read(chart(), 5, view)).toBeUndefined();
  });

  it('goes from step to step', () => {
    expect(tools.neighbour(data, 20, 1)).toBe(30);
    expect(tools.neighbour(data, 20, -1)).toBe(10);
    expect(tools.neighbour(data, 40, 1)).toBe(40);
  });
});

describe('labels', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [8000, '8000'],
    [12_500, '12.5k'],
    [2_000_000, '2M'],
    [0.0005, '0.0005'],
    [0.00002, '2e-5'],
    [-0.5, '-0.5'],
  ])('writes %d on an axis as %s', (value, text) => {
    expect(tools.tickLabel(value)).toBe(text);
  });

  it.each([
    [1.23456789, '1.2346'],
    [0.5, '0.50000'],
    [0.00012345, '1.234e-4'],
    [6283.397, '6283.4'],
    [null, 'not finite'],
  ])('writes %d to be read as %s', (value, text) => {
    expect(tools.valueLabel(value)).toBe(text);
  });
});

it('runs from its text alone, as it does in the page', () => {
  const copy = new Function(`return (${plotTools.toString()})()`)() as typeof tools;
  const data = chart(curve([0, 50, 100], [3, 1, 2], { band: [0.1, 0.1, 0.1], dots: true }));
  expect(copy.draw(data, view)).toBe(tools.draw(data, view));
  expect(copy.draw(data, { ...view, log: true })).toBe(tools.draw(data, { ...view, log: true }));
});
