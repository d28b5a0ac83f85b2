// Which charts a run's history makes: what goes together in one, in which order, and what is said under it.
import { type History, numberOf, timeOf } from './history.js';
import { type Chart, type Curve, plotTools } from './plot.js';
import type { ReportRecord } from './types.js';

/** A chart with its words. */
export interface ReportChart extends Chart {
  readonly title: string;
  readonly caption: string;
  /** Whether it is first shown with a logarithmic axis. */
  readonly log: boolean;
  /** Whether all values are above zero, so that it can be. */
  readonly canLog: boolean;
}

/** Charts under one heading. */
export interface ChartGroup {
  readonly id: string;
  readonly title: string;
  readonly charts: readonly ReportChart[];
}

/** The charts of a page, and what was left out of them. */
export interface Charts {
  readonly groups: readonly ChartGroup[];
  /** The longest curve, and how many of its values the page holds, where these are not all. */
  readonly thinned: { readonly values: number; readonly kept: number } | undefined;
}

/** Values that all curves of a page hold together: about 2 MB of text. */
const MOST_VALUES = 100_000;

/** Colours that the page has for curves. */
const COLOURS = 5;

/** Fields of a record that are no curve of their own. */
const NO_CURVE = new Set(['step', 'event', 'time', 'best', 'epoch', 'targetTokens']);

/** Titles and captions of what training measures; anything else goes by its own name. */
const KNOWN: Readonly<Record<string, readonly [title: string, caption: string]>> = {
  loss: ['Loss', 'Nats a target token. Training is the objective itself, averaged since the record before.'],
  reward: [
    'Reward',
    'Mean reward of sampled outputs, with one standard deviation over the samples of a source on either side.',
  ],
  perplexity: ['Perplexity', 'Of the validation split: the exponential of its loss. Lower is better.'],
  accuracy: ['Accuracy', 'Share of validation tokens predicted right, given the true ones before. Higher is better.'],
  bleu: ['BLEU', 'Of the decoded validation split, 0 to 100. Higher is better.'],
  chrf: ['chrF', 'Of the decoded validation split, 0 to 100. Higher is better.'],
  ter: ['TER', 'Edits a reference word, in per cent. Lower is better.'],
  wer: ['Word error rate', 'Edits a reference word. Lower is better.'],
  cer: ['Character error rate', 'Edits a reference character. Lower is better.'],
  per: ['Phoneme error rate', 'Edits a reference phoneme. Lower is better.'],
  exactMatch: ['Exact match', 'Outputs that equal their reference, in per cent. Higher is better.'],
  diagonality: [
    'Diagonality',
    'Share of attention within a tenth of the source of the diagonal; spread evenly it is about 0.2.',
  ],
  learningRate: ['Learning rate', 'As the schedule gives it.'],
  gradientNorm: ['Gradient norm', 'Before clipping, of the step that was logged.'],
  tokensPerSecond: ['Speed', 'Target tokens a second.'],
  dataWait: ['Waiting for data', 'Share of the time in which nothing was done but waiting for data.'],
  timeSpent: ['Time spent', 'Seconds since the record before, by what they were spent on.'],
  sampleLength: ['Length of samples', 'Mean number of tokens of the outputs that were sampled.'],
  rewardDeviation: [
    'Deviation of the reward',
    'Standard deviation over the samples of a source. Where it nears 0, nothing is left to learn from.',
  ],
  finished: ['Samples that ended', 'Share of samples that ended by themselves; the others were cut.'],
  divergence: [
    'Divergence',
    'Mean of log p − log p₀ of samples: how far the model has gone from the one it began with.',
  ],
  candidates: ['Candidates', 'Different outputs compared for each source.'],
  trueInputs: ['True inputs', 'Share of decoder inputs that were true targets rather than predictions.'],
};

/** What a value is called on the page. */
export const titleOf = (name: string): string => KNOWN[name]?.[0] ?? name;

/** What lies between 0 and 1 by its nature, and is best seen in that frame. */
const SHARES = new Set(['accuracy', 'diagonality']);

interface Source {
  readonly name: string;
  readonly colour: number;
  readonly records: readonly ReportRecord[];
  readonly value: (record: ReportRecord) => unknown;
  readonly deviation?: (record: ReportRecord) => unknown;
  readonly dots: boolean;
}

const rounded = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null);

/** A curve of the records that have the value; undefined where none has. */
function curveOf({ name, colour, records, value, deviation, dots }: Source): Curve | undefined {
  const present = records.filter((record) => value(record) !== undefined);
  if (present.length === 0) return undefined;
  return {
    name,
    colour,
    dots,
    x: present.map(({ step }) => step),
    y: present.map((record) => rounded(numberOf(value(record)))),
    ...(deviation ? { band: present.map((record) => rounded(numberOf(deviation(record)))) } : {}),
  };
}

/** The names of numbers that the records hold, in order of appearance, a few first. */
function fieldsOf(records: readonly ReportRecord[], first: readonly string[]): string[] {
  const found = new Set<string>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      if (!NO_CURVE.has(name) && (value === 'NaN' || !Number.isNaN(numberOf(value)))) {
        found.add(name);
      }
    }
  }
  return [...first.filter((name) => found.has(name)), ...[...found].filter((name) => !first.includes(name))];
}

/** A chart of what the sources have; none where they have nothing. @param place makes its id unique: a name may be in two places */
function chartOf(
  history: History,
  place: 'train' | 'valid',
  name: string,
  sources: readonly Source[],
  more: Partial<ReportChart> = {},
): ReportChart[] {
  const curves = sources.flatMap((source) => curveOf(source) ?? []);
  if (curves.length === 0) return [];
  const values = curves.flatMap(({ y }) => y).filter((value) => value !== null);
  const canLog = values.length > 0 && values.every((value) => value > 0);
  const isShare = SHARES.has(name) && values.every((value) => value >= 0 && value <= 1);
  const [title, caption] = KNOWN[name] ?? [name, ''];
  return [
    {
      title,
      caption,
      curves,
      canLog,
      id: `${place}-${name.replace(/[^\w-]/g, '_')}`,
      skipped: history.skipped,
      resumed: history.resumed,
      ...(isShare ? { range: [0, 1] as const } : {}),
      ...more,
      log: canLog && (more.log ?? false),
    },
  ];
}

const ofTrain = ({ train }: History, field: string, name: string, colour: number): Source => {
  return { name, colour, records: train, value: (record) => record[field], dots: false };
};
const ofClock = ({ train }: History, field: string, name: string, colour = 1): Source => {
  return { name, colour, records: train, value: (record) => timeOf(record, field), dots: false };
};
const ofValidation = ({ validation }: History, field: string, name: string, colour: number): Source => {
  return { name, colour, records: validation, value: (record) => record[field], dots: true };
};

/** The value of the best validation, for the chart of the metric that it was the best by. */
function bestOf({ validation }: History, name: string, validationMetric: string | undefined): Partial<ReportChart> {
  const best = name === validationMetric ? validation.findLast((record) => record.best === true) : undefined;
  const value = numberOf(best?.[name]);
  return best && Number.isFinite(value) ? { best: [best.step, value] } : {};
}

/** What training is after: the loss, and where outputs are sampled, their reward. */
function learningCharts(history: History, validationMetric: string | undefined): ReportChart[] {
  const losses = [
    ofTrain(history, 'loss', 'training', 1),
    ofValidation(history, 'loss', 'validation', 2),
    ofValidation(history, 'ctcLoss', 'validation, CTC', 3),
  ];
  const rewards = [
    { ...ofTrain(history, 'reward', 'reward', 4), deviation: (record: ReportRecord) => record.rewardDeviation ?? 0 },
    ofTrain(history, 'baseline', 'baseline', 5),
  ];
  return [
    ...chartOf(history, 'valid', 'loss', losses, bestOf(history, 'loss', validationMetric)),
    ...chartOf(history, 'train', 'reward', rewards),
    ...chartOf(history, 'train', 'rewardDeviation', [ofTrain(history, 'rewardDeviation', 'deviation', 4)]),
  ];
}

/** Everything validations measured, that by which the best is chosen first. */
function scoreCharts(history: History, validationMetric: string | undefined): ReportChart[] {
  const names = fieldsOf(history.validation, validationMetric === undefined ? [] : [validationMetric]);
  return names
    .filter((name) => name !== 'loss' && name !== 'ctcLoss')
    .flatMap((name) => {
      const more = { ...bestOf(history, name, validationMetric), log: name === 'perplexity' };
      return chartOf(history, 'valid', name, [ofValidation(history, name, 'validation', 2)], more);
    });
}

/** How training went about it: everything else that it logged. */
function machineryCharts(history: History): ReportChart[] {
  const { train } = history;
  const names = fieldsOf(train, ['sampleLength', 'learningRate', 'gradientNorm']).filter(
    (name) => !['loss', 'reward', 'baseline', 'rewardDeviation'].includes(name),
  );
  const clocks = train.map(({ time, step }) => ({ ...(time as object), step, event: 'time' }));
  const spent = fieldsOf(clocks, []).filter((name) => !['at', 'seconds', 'tokensPerSecond', 'dataWait'].includes(name));
  return [
    ...names.flatMap((name) => {
      return chartOf(history, 'train', name, [ofTrain(history, name, 'training', 1)], { log: name === 'gradientNorm' });
    }),
    ...chartOf(history, 'train', 'tokensPerSecond', [ofClock(history, 'tokensPerSecond', 'tokens/s')]),
    ...chartOf(history, 'train', 'dataWait', [ofClock(history, 'dataWait', 'waiting')]),
    ...chartOf(
      history,
      'train',
      'timeSpent',
      spent.map((name, i) => ofClock(history, name, name, (i % COLOURS) + 1)),
    ),
  ];
}

/** The curves of a run as charts. @param validationMetric its chart comes first and marks the best validation */
export function chartsOf(history: History, validationMetric: string | undefined): Charts {
  const groups: ChartGroup[] = [
    { id: 'learning', title: 'Learning', charts: learningCharts(history, validationMetric) },
    { id: 'scores', title: 'Validation', charts: scoreCharts(history, validationMetric) },
    { id: 'machinery', title: 'Optimizer and speed', charts: machineryCharts(history) },
  ];
  return limited(groups.filter(({ charts }) => charts.length > 0));
}

/** Curves cut down to what a page can hold. */
function limited(groups: readonly ChartGroup[]): Charts {
  const curves = groups.flatMap(({ charts }) => charts.flatMap((chart) => chart.curves));
  const total = curves.reduce((sum, { x }) => sum + x.length, 0);
  const longest = Math.max(0, ...curves.map(({ x }) => x.length));
  const most = Math.max(1000, Math.floor(MOST_VALUES / Math.max(1, curves.length)));
  if (total <= MOST_VALUES || longest <= most) return { groups, thinned: undefined };
  const { thin } = plotTools();
  let kept = 0;
  const cut = (curve: Curve): Curve => {
    if (curve.x.length <= most) return curve;
    const indices = thin(curve, 0, curve.x.length, Math.floor(most / 4));
    kept = Math.max(kept, indices.length);
    const pick = <T>(values: readonly T[]): T[] => indices.map((i) => values[i] as T);
    const { band } = curve;
    return { ...curve, x: pick(curve.x), y: pick(curve.y), ...(band ? { band: pick(band) } : {}) };
  };
  return {
    groups: groups.map((group) => ({
      ...group,
      charts: group.charts.map((chart) => ({ ...chart, curves: chart.curves.map(cut) })),
    })),
    thinned: { values: longest, kept },
  };
}
