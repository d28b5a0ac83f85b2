// The report itself: one HTML page that needs nothing but itself.
import { createHash } from 'node:crypto';
import { attentionHtml } from './attention.js';
import { type ChartGroup, type Charts, chartsOf, type ReportChart, titleOf } from './charts.js';
import { type History, readHistory } from './history.js';
import { escapeHtml, grouped, scriptJson, spokenTime } from './html.js';
import { plotTools, type View } from './plot.js';
import { samplesHtml, samplesOf } from './samples.js';
import { CHARTS_SCRIPT } from './script/charts.js';
import { MAPS_SCRIPT } from './script/maps.js';
import { SOUNDS_SCRIPT } from './script/sounds.js';
import { TABS_SCRIPT } from './script/tabs.js';
import { soundsHtml } from './sounds.js';
import { STYLE } from './style.js';
import type { ReportData, ReportFact } from './types.js';
import { validationTable } from './validation-table.js';

/** A finished page and what is on it. */
export interface RenderedReport {
  readonly html: string;
  readonly charts: number;
  readonly samples: number;
}

const tools = plotTools();

/** The steps that all charts show: from 0, unless the log begins late. */
function spanOf({ train, validation, lastStep }: History): [number, number] {
  const first = Math.min(train[0]?.step ?? lastStep, validation[0]?.step ?? lastStep);
  const from = first < 0.25 * lastStep ? 0 : first;
  return from === lastStep ? [from - 1, lastStep + 1] : [from, lastStep];
}

/** What a chart says to those who cannot see it. */
function spoken({ title, curves }: ReportChart): string {
  const parts = curves.map(({ name, x, y }) => {
    const value = (i: number): string => `${tools.valueLabel(y.at(i))} at step ${x.at(i)}`;
    return x.length === 1 ? `${name} ${value(0)}` : `${name} from ${value(0)} to ${value(-1)}`;
  });
  return `${title}: ${parts.join('; ')}. Arrow keys read values, plus and minus zoom, Escape resets.`;
}

function chartHtml(chart: ReportChart, index: number, [from, to]: readonly [number, number], isWide: boolean): string {
  const width = isWide ? 1060 : 520;
  const view: View = { from, to, log: chart.log, width, height: 240 };
  const reading = tools.read(chart, to, view);
  const keys = chart.curves.map(({ name, colour }, i) => {
    const value = reading?.values.find((item) => item.index === i);
    const shown = value === undefined ? '–' : tools.valueLabel(value.value);
    return `<span class="key c${colour}">${escapeHtml(name)} <b>${shown}</b></span>`;
  });
  // What the marks of the run mean is said once, at the first chart.
  const signs = [
    ...(chart.best ? ['<span class="sign"><i class="ring"></i>best</span>'] : []),
    ...(index === 0 && chart.skipped.length > 0 ? ['<span class="sign"><i class="bad">▲</i>step skipped</span>'] : []),
    ...(index === 0 && chart.resumed.length > 0 ? ['<span class="sign"><i>┊</i>resumed</span>'] : []),
  ];
  return `<figure class="card${isWide ? ' wide' : ''}" id="chart-${escapeHtml(chart.id)}" data-chart="${index}">
<figcaption class="head"><div><h3>${escapeHtml(chart.title)}</h3><p>${escapeHtml(chart.caption)}</p></div><button type="button" class="small log" aria-pressed="${chart.log}" hidden>log</button></figcaption>
<div class="legend" aria-live="polite"><span class="step">step ${reading?.step ?? '–'}</span>${keys.join('')}${signs.join('')}</div>
<div class="plot"><svg viewBox="0 0 ${width} 240" role="img" aria-label="${escapeHtml(spoken(chart))}">${tools.draw(chart, view)}</svg></div>
</figure>`;
}

function groupHtml(group: ChartGroup, span: readonly [number, number], first: number, more: string): string {
  // The first chart of the page takes the whole width, and so does one that would be left alone in its row.
  const hasWide = group.id === 'learning';
  const isOdd = (group.charts.length - (hasWide ? 1 : 0)) % 2 === 1;
  const figures = group.charts.map((chart, i) => {
    const isWide = (hasWide && i === 0) || (isOdd && i === group.charts.length - 1);
    return chartHtml(chart, first + i, span, isWide);
  });
  return sectionHtml(group.id, group.title, `<div class="grid-2">\n${figures.join('\n')}\n</div>${more}`);
}

function sectionHtml(id: string, title: string, inside: string): string {
  return `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${escapeHtml(title)}</h2>\n${inside}\n</section>`;
}

/** The facts that the log itself tells. */
function loggedFacts(history: History): ReportFact[] {
  const { lastStep, seconds, targetTokens, train, skipped } = history;
  if (lastStep === 0) return [];
  const epoch = train.at(-1)?.epoch;
  const left = skipped.length === 0 ? [] : [`${grouped(skipped.length)} skipped`];
  const rounds = typeof epoch === 'number' ? [`in epoch ${grouped(epoch + 1)}`] : [];
  return [
    { name: 'Steps', value: grouped(lastStep), note: [...rounds, ...left].join(', ') },
    ...(seconds > 0 ? [{ name: 'Training time', value: spokenTime(seconds) }] : []),
    ...(Number.isFinite(targetTokens) ? [{ name: 'Target tokens seen', value: grouped(targetTokens) }] : []),
  ];
}

function bestFact({ validation }: History, metric: string | undefined): ReportFact[] {
  const best = validation.findLast((record) => record.best === true);
  if (best === undefined || metric === undefined) return [];
  const value = best[metric];
  if (typeof value !== 'number') return [];
  return [
    {
      name: `Best ${titleOf(metric)}`,
      value: String(Number(value.toPrecision(4))),
      note: `validation at step ${grouped(best.step)}`,
    },
  ];
}

function notesOf(data: ReportData, history: History, { thinned }: Charts): string[] {
  const { repeated, train, validation } = history;
  return [
    ...data.notes,
    ...(train.length + validation.length === 0
      ? ['Nothing has been logged yet: the first record comes with training.logEvery steps.']
      : []),
    ...(repeated > 0
      ? [`${grouped(repeated)} records were left out, because the log goes back and holds their steps again.`]
      : []),
    ...(thinned
      ? [
          `Of up to ${grouped(thinned.values)} values a curve this page holds ${grouped(thinned.kept)}, lows and highs among them; all are in metrics.jsonl.`,
        ]
      : []),
  ];
}

function headHtml(data: ReportData, history: History, notes: readonly string[]): string {
  const facts = [...bestFact(history, data.validationMetric), ...loggedFacts(history), ...data.facts];
  const items = facts.map(({ name, value, note }) => {
    return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}${note ? `<small>${escapeHtml(note)}</small>` : ''}</dd></div>`;
  });
  return `<header>
<p class="kicker">${escapeHtml(data.task)}</p>
<h1>${escapeHtml(data.name)}</h1>
<dl class="facts">${items.join('\n')}</dl>
${notes.length > 0 ? `<ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>` : ''}
</header>`;
}

const DIALOG = `<dialog id="map-dialog" aria-labelledby="map-title">
<div class="head"><h3 id="map-title"></h3><div class="buttons"><button type="button" class="small previous">Previous</button><button type="button" class="small next">Next</button><button type="button" class="small close">Close</button></div></div>
<p class="reading" aria-live="polite"></p>
<div class="stage"></div>
</dialog>`;

/** The page's program: what it draws with is the text of the function that drew it here. */
function programText(): string {
  return `'use strict';
const page = JSON.parse(document.querySelector('#data').textContent);
const tools = (${plotTools.toString()})();
${CHARTS_SCRIPT}${TABS_SCRIPT}${MAPS_SCRIPT}${SOUNDS_SCRIPT}`;
}

/**
 * A run's report as one HTML page. It loads nothing and lets nothing be loaded; everything is there without JavaScript, which adds
 * reading, zooming, enlarging and a line that follows what is played. All text from data is escaped. Equal data give equal pages.
 */
export function renderReport(data: ReportData): RenderedReport {
  const history = readHistory(data.records);
  const charts = chartsOf(history, data.validationMetric);
  const span = spanOf(history);
  const samples = samplesOf(history.samples);
  const attention = attentionHtml(data.attention, data.checkpoint);
  const { skipped, resumed } = history;
  let count = 0;
  const sections = charts.groups.map((group) => {
    const more = group.id === 'scores' ? validationTable(history.validation) : '';
    const html = groupHtml(group, span, count, more);
    count += group.charts.length;
    return { id: group.id, title: group.title, html };
  });
  const add = (id: string, title: string, inside: string): void => {
    sections.push({ id, title, html: sectionHtml(id, title, inside) });
  };
  if (samples.length > 0) add('samples', 'Sampled outputs', samplesHtml(samples));
  if (data.sounds !== undefined && data.sounds.length > 0) {
    const titles = data.attention.map((example) => example.title);
    add('sounds', 'Sounds', soundsHtml(data.sounds, titles, data.checkpoint));
  }
  if (data.attention.length > 0) add('attention', 'Attention', attention.html);
  const title = 'Configuration';
  add(
    'config',
    title,
    `<details><summary>The resolved configuration, as YAML</summary><pre tabindex="0"><code>${escapeHtml(data.config)}</code></pre></details>`,
  );
  const links = sections.map(({ id, title: name }) => `<a href="#${id}">${escapeHtml(name)}</a>`);
  const program = programText();
  const hash = createHash('sha256').update(program).digest('base64');
  const shown = charts.groups.flatMap((group) =>
    group.charts.map(({ id, curves, range, best, log, canLog }) => {
      return { id, curves, range, best, log, canLog };
    }),
  );
  const when =
    history.lastTime === undefined
      ? ''
      : ` from a log that ends ${escapeHtml(history.lastTime.slice(0, 16).replace('T', ' '))} UTC`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${escapeHtml(data.writtenBy)}">
<title>${escapeHtml(data.name)} · ${escapeHtml(data.task)} · s2s report</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${headHtml(data, history, notesOf(data, history, charts))}
<nav aria-label="Sections"><div>${links.join('')}<button type="button" class="small zoom" id="reset-zoom" hidden>Reset zoom</button></div></nav>
<main>
${sections.map((section) => section.html).join('\n')}
</main>
<footer>Horizontal axes are optimizer steps. Drag over a chart to zoom all of them; double-click or Escape shows the whole run again. Made by ${escapeHtml(data.writtenBy)}${when}.</footer>
${data.attention.length > 0 ? DIALOG : ''}
<script type="application/json" id="data">${scriptJson({ span, skipped, resumed, charts: shown, attention: attention.labels })}</script>
<script>${program}</script>
</body>
</html>
`;
  return { html, charts: count, samples: samples.length };
}
