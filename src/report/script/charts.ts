// The page's script for charts: they are redrawn at their true width, read under the pointer or by keyboard, and zoomed.

/**
 * JavaScript for a browser. Expects `tools` ({@link plotTools}) and `page` (the data that the page holds). All charts share the
 * range of steps in view; each has its own kind of axis.
 */
export const CHARTS_SCRIPT = `
const SVG = 'http://www.w3.org/2000/svg';
const whole = page.span;
const range = { from: whole[0], to: whole[1] };
const resetButton = document.querySelector('#reset-zoom');
const charts = [...document.querySelectorAll('[data-chart]')].map((figure) => ({
  figure,
  svg: figure.querySelector('svg'),
  data: { ...page.charts[Number(figure.dataset.chart)], skipped: page.skipped, resumed: page.resumed },
  values: [...figure.querySelectorAll('.legend .key b')],
  step: figure.querySelector('.legend .step'),
  log: false,
  at: undefined,
}));

const make = (parent, name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
};

const viewOf = (chart) => {
  const width = Math.max(240, Math.round(chart.svg.parentElement.clientWidth));
  return { from: range.from, to: range.to, log: chart.log, width, height: width < 420 ? 210 : 240 };
};

function draw(chart) {
  const view = viewOf(chart);
  chart.svg.setAttribute('viewBox', '0 0 ' + view.width + ' ' + view.height);
  chart.svg.innerHTML = tools.draw(chart.data, view);
  if (chart.at !== undefined) show(chart, chart.at);
}

/** Shows the values nearest to a step, or at the end of the range where there is none. */
function show(chart, step) {
  chart.at = step;
  chart.svg.querySelector('.cursor')?.remove();
  const view = viewOf(chart);
  const reading = tools.read(chart.data, step ?? view.to, view);
  chart.step.textContent = reading ? 'step ' + reading.step : 'no values';
  for (const value of chart.values) value.textContent = '–';
  if (!reading) return;
  const { px, py, top, bottom } = tools.frame(chart.data, view);
  const cursor = step === undefined ? undefined : make(chart.svg, 'g', { class: 'cursor' });
  if (cursor) make(cursor, 'line', { x1: px(reading.step), x2: px(reading.step), y1: top, y2: bottom });
  for (const { index, step: own, value, band } of reading.values) {
    const around = band === undefined || band === null ? '' : ' ± ' + tools.valueLabel(band);
    const off = own === reading.step ? '' : ' at ' + own;
    chart.values[index].textContent = tools.valueLabel(value) + around + off;
    const isShown = cursor && value !== null && own >= view.from && own <= view.to && (!view.log || value > 0);
    if (isShown) make(cursor, 'circle', { cx: px(own), cy: py(value), r: 4, class: 'c' + chart.data.curves[index].colour });
  }
}

function zoom(from, to) {
  range.from = from;
  range.to = to;
  resetButton.hidden = from === whole[0] && to === whole[1];
  for (const chart of charts) {
    if (chart.at !== undefined && (chart.at < from || chart.at > to)) chart.at = undefined;
    draw(chart);
    if (chart.at === undefined) show(chart, undefined);
  }
}
const resetZoom = () => zoom(whole[0], whole[1]);

/** Follows the pointer: a move reads, a drag marks a range and zooms to it. */
function followPointer(chart) {
  const { svg } = chart;
  let start;
  let brush;
  const pixelOf = (event) => event.clientX - svg.getBoundingClientRect().left;
  const end = () => {
    start = undefined;
    brush?.remove();
    brush = undefined;
  };
  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    start = pixelOf(event);
    show(chart, tools.frame(chart.data, viewOf(chart)).stepAt(start));
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', (event) => {
    const scales = tools.frame(chart.data, viewOf(chart));
    const x = pixelOf(event);
    show(chart, scales.stepAt(x));
    if (start === undefined || (!brush && Math.abs(x - start) < 5)) return;
    const inside = (pixel) => Math.min(scales.right, Math.max(scales.left, pixel));
    const [a, b] = [inside(Math.min(start, x)), inside(Math.max(start, x))];
    brush ??= make(svg, 'rect', { class: 'brush', y: scales.top, height: scales.bottom - scales.top });
    brush.setAttribute('x', a);
    brush.setAttribute('width', b - a);
  });
  svg.addEventListener('pointerup', (event) => {
    const wasDrag = brush !== undefined && start !== undefined;
    const [a, b] = [start, pixelOf(event)];
    end();
    if (!wasDrag) return;
    const { stepAt } = tools.frame(chart.data, viewOf(chart));
    const [from, to] = [stepAt(Math.min(a, b)), stepAt(Math.max(a, b))];
    // A range below one step shows nothing more.
    if (to - from >= 1) zoom(Math.max(range.from, from), Math.min(range.to, to));
  });
  svg.addEventListener('pointercancel', end);
  svg.addEventListener('pointerleave', ({ pointerType }) => {
    // After a touch the values stay to be read.
    if (pointerType === 'mouse') show(chart, undefined);
  });
  svg.addEventListener('dblclick', resetZoom);
}

/** Arrows read from step to step, plus and minus zoom around the step that is read. */
function followKeys(chart) {
  const { svg } = chart;
  svg.addEventListener('keydown', (event) => {
    const at = chart.at ?? range.to;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const next = chart.at === undefined ? at : tools.neighbour(chart.data, at, event.key === 'ArrowRight' ? 1 : -1);
      show(chart, Math.min(range.to, Math.max(range.from, next)));
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      const factor = event.key === '-' ? 2 : 0.5;
      const size = Math.max(1, (range.to - range.from) * factor);
      const share = (at - range.from) / (range.to - range.from);
      const from = Math.max(whole[0], at - share * size);
      zoom(from, Math.min(whole[1], from + size));
    } else return;
    event.preventDefault();
  });
  svg.addEventListener('blur', () => show(chart, undefined));
}

for (const chart of charts) {
  const button = chart.figure.querySelector('.log');
  chart.log = chart.data.log;
  if (chart.data.canLog) {
    button.hidden = false;
    button.addEventListener('click', () => {
      chart.log = !chart.log;
      button.setAttribute('aria-pressed', chart.log);
      draw(chart);
    });
  }
  chart.svg.setAttribute('tabindex', '0');
  followPointer(chart);
  followKeys(chart);
}
resetButton.addEventListener('click', resetZoom);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !document.querySelector('dialog[open]')) resetZoom();
});
let drawnAt = 0;
new ResizeObserver(() => {
  if (drawnAt === document.body.clientWidth) return;
  drawnAt = document.body.clientWidth;
  for (const chart of charts) draw(chart);
}).observe(document.body);
`;
