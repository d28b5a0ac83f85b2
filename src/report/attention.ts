// Attention heat maps: one small picture for each layer and head, and the figures under it.
import { escapeHtml } from './html.js';
import { opacityPng } from './png.js';
import type { ReportAttention } from './types.js';

/** A blue that stands out from light ground and from dark. */
const COLOUR = [47, 123, 217] as const;

/** Most columns and rows of a picture: a screen shows no more, and sound has thousands of positions. */
const MOST_POSITIONS = 400;

/** One head's weights, summed over groups of positions where there are many. */
interface HeadMap {
  readonly layer: number;
  readonly head: number;
  readonly weights: Float64Array;
  readonly diagonality: number;
}

/** The maps of an example, all of one size. */
export interface AttentionMaps {
  readonly rows: number;
  readonly columns: number;
  /** Positions that one column, one row stands for. */
  readonly columnPositions: number;
  readonly rowPositions: number;
  readonly maps: readonly HeadMap[];
  /** The largest weight of all maps, which is drawn fully opaque. */
  readonly largest: number;
}

/** Half the width of the band that counts as diagonal, as a share of the source. */
const BAND = Math.fround(0.1);

/**
 * Diagonality: the share of attention within a tenth of the source of the diagonal, as validation measures it, here of one head.
 * After the diagonal attention rate of Ren et al. (2019), with a band that grows with the source.
 * @param weights `[T, S]`
 */
export function diagonality(weights: ArrayLike<number>, targets: number, sources: number): number {
  // In single precision as in training: with ten positions the neighbours lie just on the edge of the band.
  const middle = (position: number, count: number): number => Math.fround((position + 0.5) / count);
  let near = 0;
  for (let t = 0; t < targets; t++) {
    for (let s = 0; s < sources; s++) {
      const distance = Math.abs(Math.fround(middle(t, targets) - middle(s, sources)));
      if (distance <= BAND) near += weights[t * sources + s] as number;
    }
  }
  return near / targets;
}

/** The maps of one example. */
export function attentionMaps({ source, target, layers, heads, weights }: ReportAttention): AttentionMaps {
  const [S, T] = [source.length, target.length];
  const columnPositions = Math.max(1, Math.ceil(S / MOST_POSITIONS));
  const rowPositions = Math.max(1, Math.ceil(T / MOST_POSITIONS));
  const [columns, rows] = [Math.ceil(S / columnPositions), Math.ceil(T / rowPositions)];
  let largest = 0;
  const maps = Array.from({ length: layers * heads }, (_, i): HeadMap => {
    const map = weights.subarray(i * T * S, (i + 1) * T * S);
    const pooled = new Float64Array(rows * columns);
    for (let t = 0; t < T; t++) {
      const size = Math.min(rowPositions, T - Math.floor(t / rowPositions) * rowPositions);
      for (let s = 0; s < S; s++) {
        const cell = Math.floor(t / rowPositions) * columns + Math.floor(s / columnPositions);
        // A sum over sources, so that a row stays a distribution, and a mean over targets.
        pooled[cell] = pooled[cell]! + map[t * S + s]! / size;
      }
    }
    for (const weight of pooled) if (weight > largest) largest = weight;
    return {
      layer: Math.floor(i / heads) + 1,
      head: (i % heads) + 1,
      weights: pooled,
      diagonality: diagonality(map, T, S),
    };
  });
  return { rows, columns, columnPositions, rowPositions, maps, largest };
}

/** A head's picture as a data URI. Opacity is the square root of the share of the largest weight, so that faint ones are seen. */
function pictureOf({ weights }: HeadMap, { rows, columns, largest }: AttentionMaps): string {
  const levels = Uint8Array.from(weights, (weight) => Math.round(255 * Math.sqrt(Math.max(0, weight / largest)) || 0));
  return `data:image/png;base64,${opacityPng(levels, columns, rows, COLOUR).toString('base64')}`;
}

const everyNth = (labels: readonly string[], n: number): string[] => labels.filter((_, i) => i % n === 0);

/** What the page's script needs to enlarge the maps of an example. */
function attentionLabels({ source, target }: ReportAttention, maps: AttentionMaps): object {
  const { columnPositions, rowPositions, largest } = maps;
  return {
    source: everyNth(source, columnPositions),
    target: everyNth(target, rowPositions),
    largest: Number(largest.toPrecision(6)),
  };
}

/** The heads of a layer as a row of pictures. */
function layerHtml(maps: AttentionMaps, layer: number, example: number): string {
  const ratio = Math.min(2.4, Math.max(0.6, maps.columns / maps.rows));
  const figures = maps.maps
    .filter((map) => map.layer === layer)
    .map((map) => {
      const what = `layer ${layer}, head ${map.head}`;
      const value = Number.isFinite(map.diagonality) ? map.diagonality.toFixed(2) : 'none';
      return `<li><button type="button" class="map" data-example="${example}" data-name="${what}" aria-label="Enlarge ${what}"><img src="${pictureOf(map, maps)}" alt="" width="${maps.columns}" height="${maps.rows}" style="aspect-ratio:${ratio.toFixed(3)}"></button><span><span>head ${map.head}</span> <span class="value" title="diagonality">${value}</span></span></li>`;
    });
  return `<h4>Layer ${layer}</h4><ul class="maps">${figures.join('')}</ul>`;
}

function textRow(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<tr><th scope="row">${name}</th><td dir="auto">${escapeHtml(text)}</td></tr>`;
}

function exampleHtml(attention: ReportAttention, maps: AttentionMaps, example: number): string {
  const { title, reference, output, layers } = attention;
  const { columnPositions, rowPositions } = maps;
  const pooled = [
    ...(columnPositions > 1 ? [`Each column adds up ${columnPositions} source positions.`] : []),
    ...(rowPositions > 1 ? [`Each row is the mean of ${rowPositions} target positions.`] : []),
  ];
  const rows = Array.from({ length: layers }, (_, i) => layerHtml(maps, i + 1, example));
  return `<article class="example" id="attention-${example + 1}">
<h3>Example ${example + 1}</h3>
<div class="scroll"><table class="outputs"><tbody>${textRow('source', title)}${textRow('reference', reference)}${textRow('output', output)}</tbody></table></div>
${pooled.length > 0 ? `<p class="about">${pooled.join(' ')}</p>` : ''}
${rows.join('\n')}
<p class="scale" aria-hidden="true"><span>0</span><i></i><span>${maps.largest.toFixed(2)}</span></p>
</article>`;
}

/** The section's inside, and the labels for its script. */
export function attentionHtml(
  examples: readonly ReportAttention[],
  checkpoint: string | undefined,
): { html: string; labels: object[] } {
  const all = examples.map(attentionMaps);
  const html = all.map((maps, i) => exampleHtml(examples[i] as ReportAttention, maps, i));
  return {
    html: `<p class="about">Where the decoder looked in the source (left to right) as it wrote each token or frame (top to bottom)${checkpoint === undefined ? '' : `, at ${escapeHtml(checkpoint)}`}.
Under each map its diagonality: the share of attention within a tenth of the source of the diagonal; spread evenly it is about 0.2. The strength of the colour is the square root of the weight.</p>
${html.join('\n')}`,
    labels: all.map((maps, i) => attentionLabels(examples[i] as ReportAttention, maps)),
  };
}
