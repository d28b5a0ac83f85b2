// The parts of a page: charts of a history, agreement of words, pictures and figures of attention.
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { attentionHtml, attentionMaps, diagonality } from '../../../src/report/attention.js';
import { chartsOf } from '../../../src/report/charts.js';
import { readHistory } from '../../../src/report/history.js';
import { opacityPng } from '../../../src/report/png.js';
import { samplesOf } from '../../../src/report/samples.js';
import type { ReportRecord } from '../../../src/report/types.js';
import { agreement } from '../../../src/report/words.js';
import { attentionAlong, records } from './data.js';

describe('chartsOf', () => {
  const titles = (log: readonly ReportRecord[], metric?: string) =>
    chartsOf(readHistory(log), metric).groups.flatMap(({ charts }) => charts.map(({ title }) => title));

  it('has a chart for everything that was measured, the validation metric first', () => {
    const { groups } = chartsOf(readHistory(records()), 'bleu');
    const found = groups.map(({ title, charts }) => [title, ...charts.map((chart) => chart.title)]);
    expect(found).toEqual([
      ['Learning', 'Loss', 'Reward', 'Deviation of the reward'],
      ['Validation', 'BLEU', 'Perplexity', 'Accuracy', 'Diagonality'],
      ['Optimizer and speed', 'Length of samples', 'Learning rate', 'Gradient norm', 'Speed', 'Waiting for data'],
    ]);
    const [loss, reward] = groups[0]?.charts ?? [];
    expect(loss?.curves.map(({ name, x }) => [name, x.length])).toEqual([
      ['training', 40],
      ['validation', 8],
    ]);
    expect(loss).toMatchObject({ skipped: [690], resumed: [1050] });
    expect(reward?.curves[0]?.band?.[39]).toBeCloseTo(0.05);
    const [bleu] = groups[1]?.charts ?? [];
    expect(bleu?.best).toEqual([1750, 35]);
    const ids = groups.flatMap(({ charts }) => charts.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows what it has never heard of, by its own name, and holds apart what has one name in two places', () => {
    const log: ReportRecord[] = [
      {
        step: 1,
        event: 'train',
        loss: 1,
        accuracy: 0.5,
        'odd name': 2,
        time: { seconds: 1, sampling: 0.5, scoring: 0.1 },
      },
      { step: 1, event: 'validation', loss: 1, accuracy: 0.25, newMetric: 3, best: true },
    ];
    expect(titles(log)).toEqual(['Loss', 'Accuracy', 'newMetric', 'Accuracy', 'odd name', 'Time spent']);
    const ids = chartsOf(readHistory(log), 'loss').groups.flatMap(({ charts }) => charts.map(({ id }) => id));
    expect(ids).toEqual([
      'valid-loss',
      'valid-accuracy',
      'valid-newMetric',
      'train-accuracy',
      'train-odd_name',
      'train-timeSpent',
    ]);
    expect(chartsOf(readHistory(log), 'loss').groups[0]?.charts[0]?.best).toEqual([1, 1]);
  });

  it('has gaps for values that are not finite, and no logarithm where a value has none', () => {
    const log: ReportRecord[] = [
      { step: 1, event: 'train', loss: 'NaN', gradientNorm: 'Infinity', learningRate: 0 },
      { step: 2, event: 'train', loss: 2, gradientNorm: 1, learningRate: 1 },
    ];
    const charts = chartsOf(readHistory(log), undefined).groups.flatMap((group) => group.charts);
    expect(charts.map(({ title, log: isLog, canLog, curves }) => [title, isLog, canLog, curves[0]?.y])).toEqual([
      ['Loss', false, true, [null, 2]],
      ['Learning rate', false, false, [0, 1]],
      ['Gradient norm', true, true, [null, 1]],
    ]);
  });

  it('holds a long run in little, its peaks among it, and says so', () => {
    const log = Array.from({ length: 60_000 }, (_, i): ReportRecord => {
      const value = i === 31_234 ? 99 : 1 + (i % 7) / 10;
      return { step: i + 1, event: 'train', loss: value, learningRate: value, gradientNorm: value };
    });
    const { groups, thinned } = chartsOf(readHistory(log), undefined);
    expect(thinned?.values).toBe(60_000);
    const curves = groups.flatMap(({ charts }) => charts.flatMap((chart) => chart.curves));
    expect(curves.reduce((sum, { x }) => sum + x.length, 0)).toBeLessThan(150_000);
    for (const { x, y } of curves) {
      expect(x).toHaveLength(y.length);
      expect(y[x.indexOf(31_235)]).toBe(99);
    }
  });
});

describe('agreement', () => {
  const marked = (reference: string, output: string): string =>
    agreement(reference, output)
      .map(({ text, agrees }) => (agrees ? `[${text}]` : text))
      .join('');

  it.each([
    ['the cat sat on the mat', 'the cat sat on the mat', '[the cat sat on the mat]'],
    ['the cat sat on the mat', 'a cat sat upon the  mat .', 'a [cat sat] upon [the  mat] .'],
    ['a b c d', 'b a d c', '[b] a [d] c'],
    ['a', '', ''],
    ['', 'a b', 'a b'],
    ['猫は座った', '犬は座る', '犬[は座]る'],
    [' a  b ', ' a  b ', ' [a  b] '],
  ])('of %j and %j is %j', (reference, output, expected) => {
    expect(marked(reference, output)).toBe(expected);
  });

  it('is left out where both are too long to compare', () => {
    const long = (word: string): string => Array.from({ length: 3000 }, (_, i) => `${word}${i}`).join(' ');
    expect(agreement(long('a'), long('b'))).toEqual([{ text: long('b'), agrees: false }]);
    expect(agreement(long('a'), long('a'))).toHaveLength(1);
  });
});

describe('samplesOf', () => {
  it('follows each sample and joins equal outputs', () => {
    const [first, second] = samplesOf(records().filter(({ event }) => event === 'samples'));
    expect(first?.stages).toEqual([
      { from: 250, to: 250, output: 'ein ein' },
      { from: 500, to: 2000, output: 'ein mann mit hut' },
    ]);
    expect(second?.stages).toHaveLength(1);
    expect(
      samplesOf([
        { step: 1, event: 'samples', samples: 'odd' },
        { step: 1, event: 'samples' },
      ]),
    ).toEqual([]);
  });
});

describe('opacityPng', () => {
  it('holds its levels row by row, and their opacities', () => {
    const png = opacityPng(Uint8Array.from([0, 1, 2, 253, 254, 255]), 3, 2, [10, 20, 30]);
    const chunks = new Map<string, Buffer>();
    for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
      chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
    expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
    expect([chunks.get('IHDR')?.readUInt32BE(0), chunks.get('IHDR')?.readUInt32BE(4)]).toEqual([3, 2]);
    expect([...inflateSync(chunks.get('IDAT') as Buffer)]).toEqual([0, 0, 1, 2, 0, 253, 254, 255]);
    expect([...(chunks.get('PLTE')?.subarray(-3) ?? [])]).toEqual([10, 20, 30]);
    expect(chunks.get('tRNS')?.[200]).toBe(200);
  });
});

describe('attention', () => {
  const labels = (count: number) => Array.from({ length: count }, (_, i) => String(i));

  it('is diagonal from 0 to 1', () => {
    const eye = Array.from({ length: 400 }, (_, i) => (i % 21 === 0 ? 1 : 0));
    expect(diagonality(eye, 20, 20)).toBe(1);
    const turned = Array.from({ length: 400 }, (_, i) => (Math.floor(i / 20) + (i % 20) === 19 ? 1 : 0));
    // A tenth of 20 is 2: of the falling line, rows 9 and 10 are within it.
    expect(diagonality(turned, 20, 20)).toBeCloseTo(2 / 20);
    // Even attention: 2 · 0.1 − 0.1² of the square lies within the band.
    expect(diagonality(new Float64Array(400 * 400).fill(1 / 400), 400, 400)).toBeCloseTo(0.19, 2);
    // Ten positions: the neighbours are just within a tenth, in single precision as in training.
    const even = new Float64Array(100).fill(0.1);
    const expected = [2, 3, 3, 3, 3, 3, 3, 3, 3, 2].reduce((sum, near) => sum + near / 10, 0) / 10;
    expect(diagonality(even, 10, 10)).toBeLessThanOrEqual(expected + 1e-9);
    expect(diagonality(even, 10, 10)).toBeGreaterThan(0.1);
  });

  it('of many positions is added up over sources and averaged over targets', () => {
    const { rows, columns, columnPositions, rowPositions, maps, largest } = attentionMaps(
      attentionAlong(labels(1000), labels(401), 1, 2),
    );
    expect({ rows, columns, columnPositions, rowPositions }).toEqual({
      rows: 201,
      columns: 334,
      columnPositions: 3,
      rowPositions: 2,
    });
    for (const { weights } of maps) {
      for (const row of [0, 100, 200]) {
        const sum = weights.subarray(row * columns, (row + 1) * columns).reduce((total, weight) => total + weight, 0);
        expect(sum).toBeCloseTo(1, 4);
      }
    }
    expect(largest).toBe(maps.flatMap(({ weights }) => [...weights]).reduce((a, b) => Math.max(a, b)));
  });

  it('is shown as one picture a head', () => {
    const { html, labels: found } = attentionHtml([attentionAlong(['a', 'b', 'c'], ['x', 'y'], 2, 3)], 'step 5');
    expect(html.match(/data:image\/png;base64,/g)).toHaveLength(6);
    expect(html).toContain('Enlarge layer 2, head 3');
    expect(found).toMatchObject([{ source: ['a', 'b', 'c'], target: ['x', 'y'] }]);
  });

  it('without weights is blank, not broken', () => {
    const nothing = { ...attentionAlong(['a'], ['x'], 1, 1), weights: new Float32Array(1) };
    expect(attentionHtml([nothing], undefined).html).toContain('0.00');
  });
});
