// Pictures of mel spectrograms: a colour map, the range of colours, where frequencies and seconds stand on the axes.
import { palettePng } from './png.js';
import type { ReportSound, ReportSpectrogram } from './types.js';

/** Colours of a picture. More would make files larger and could not be told apart. */
const LEVELS = 32;

/** Most columns of a picture, which no screen shows more of. */
const MOST_COLUMNS = 2000;

/** Hz that get a label where they are on the axis. */
const LABELLED = [500, 1000, 2000, 4000, 8000, 16_000];

/** Most labels of the time axis, which a telephone shows side by side. */
const MOST_SECONDS = 6;

/** What stands where on an axis, as a share of its length. */
export interface AxisLabel {
  readonly text: string;
  readonly at: number;
}

/** Levels of the colours that values get: 0 at `low` and below, the last at `high` and above. */
export interface ColourRange {
  readonly low: number;
  readonly high: number;
}

/**
 * Linear sRGB of a colour in OKLab (Ottosson, 2020), given as lightness, chroma and hue in turns. Components outside of 0 to 1
 * cannot be shown.
 */
function oklch(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos(2 * Math.PI * hue);
  const b = chroma * Math.sin(2 * Math.PI * hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** A component of linear sRGB as a byte. */
function byteOf(linear: number): number {
  const inside = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055));
}

/**
 * A perceptually uniform map from near black over violet, red and orange to pale yellow: lightness grows in even steps, so that
 * equal differences of value look equal and nothing is lost to those who see no hues.
 * @returns red, green and blue of each level, 0 to 255
 */
export function colourMap(levels: number): Uint8Array {
  const colours = Array.from({ length: levels }, (_, level) => {
    const share = level / (levels - 1);
    const lightness = 0.14 + 0.84 * share;
    const hue = 0.79 + 0.48 * share;
    let chroma = 0.03 + 0.19 * Math.sin(Math.PI * share) ** 0.8;
    // The strongest colour of this lightness and hue that a screen can show.
    while (chroma > 0 && oklch(lightness, chroma, hue).some((part) => part < 0 || part > 1)) chroma -= 0.002;
    return oklch(lightness, Math.max(0, chroma), hue).map(byteOf);
  });
  return Uint8Array.from(colours.flat());
}

const MAP = colourMap(LEVELS);

/** The map as a CSS gradient from left to right, for a legend. */
export function gradientOf(stops = 12): string {
  const map = colourMap(stops);
  const colours = Array.from({ length: stops }, (_, i) => `rgb(${map.subarray(3 * i, 3 * i + 3).join(' ')})`);
  return `linear-gradient(90deg, ${colours.join(', ')})`;
}

/**
 * The range of a spectrogram's values that colours tell apart: up to the highest, down to where all but a hundredth lie, leaving out
 * the floor, which silence without any noise shares.
 */
export function colourRange({ data }: ReportSpectrogram): ColourRange {
  const finite = data.filter((value) => Number.isFinite(value)).sort();
  const floor = finite[0] ?? 0;
  const high = finite.at(-1) ?? 0;
  const above = finite.subarray(finite.findIndex((value) => value > floor));
  // Where all are equal there is nothing above the floor.
  const low = high > floor ? (above[Math.floor(above.length / 100)] as number) : floor;
  return { low: low < high ? low : floor, high };
}

/**
 * Columns of levels, `[dim, columns]` from the highest band down: frames side by side, or means of neighbours where there are many.
 * Values that are not finite get the lowest level.
 */
export function spectrogramLevels({ data, frames, dim }: ReportSpectrogram, { low, high }: ColourRange) {
  const size = Math.max(1, Math.ceil(frames / MOST_COLUMNS));
  const columns = Math.ceil(frames / size);
  const levels = new Uint8Array(dim * columns);
  for (let x = 0; x < columns; x++) {
    const end = Math.min(frames, (x + 1) * size);
    for (let band = 0; band < dim; band++) {
      let sum = 0;
      for (let t = x * size; t < end; t++) sum += data[t * dim + band] as number;
      const share = (sum / (end - x * size) - low) / (high - low);
      const level = Number.isFinite(share) ? Math.round(Math.min(1, Math.max(0, share)) * (LEVELS - 1)) : 0;
      levels[(dim - 1 - band) * columns + x] = level;
    }
  }
  return { levels, columns };
}

/** A spectrogram's picture as a data URI, low frequencies at the bottom, a pixel a frame and band. */
export function spectrogramPicture(spectrogram: ReportSpectrogram, range: ColourRange): string {
  const { levels, columns } = spectrogramLevels(spectrogram, range);
  return `data:image/png;base64,${palettePng(levels, columns, spectrogram.dim, MAP).toString('base64')}`;
}

/** Hertz → mel on Slaney's scale: linear to 1 kHz, logarithmic above. */
function melOf(hertz: number): number {
  return hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
}

/** Labels of the vertical axis, shares from the bottom: filters have their peaks at even distances in mel between the edges. */
export function frequencyLabels(
  { lowFreq, highFreq }: Pick<ReportSound, 'lowFreq' | 'highFreq'>,
  dim: number,
): AxisLabel[] {
  const low = melOf(lowFreq);
  const step = (melOf(highFreq) - low) / (dim + 1);
  return LABELLED.flatMap((hertz) => {
    // The first filter has its peak a step above the edge and lies in the middle of the lowest row.
    const at = ((melOf(hertz) - low) / step - 0.5) / dim;
    const isShown = at >= 0.02 && hertz <= highFreq;
    return isShown ? [{ text: hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`, at: Math.min(1, at) }] : [];
  });
}

/** Labels of the time axis, shares from the left: multiples of 1, 2 or 5 times a power of ten. */
export function secondLabels(seconds: number): AxisLabel[] {
  if (!(seconds > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(seconds / MOST_SECONDS));
  const step = ([1, 2, 5, 10].find((factor) => seconds / (factor * power) < MOST_SECONDS - 1e-9) ?? 10) * power;
  const count = Math.floor(seconds / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, i) => {
    const time = Number((i * step).toPrecision(6));
    return { text: `${time} s`, at: Math.min(1, time / seconds) };
  });
}
