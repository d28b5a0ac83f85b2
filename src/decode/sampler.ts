// Ancestral sampling for training: many samples of every source, drawn inside the decoding step.
import type { SourceSequence } from '../data/sequences.js';
import { BOS, EOS } from '../text/special-tokens.js';
import type { TransformerDecoder } from './session.js';

/** A sampled output. */
export interface Sample {
  /** Token ids without marks. */
  readonly tokens: Int32Array;
  /** Whether the end mark was drawn; otherwise the sample was cut at its maximum length. */
  readonly finished: boolean;
  /** Log-probability of the tokens (and the end mark, where drawn) under the distribution drawn from. */
  readonly logProb: number;
}

/** What is to be drawn. */
export interface SamplingRequest {
  /** K, the samples of each source. */
  readonly samples: number;
  readonly temperature: number;
  /** Most tokens of the samples of each source, the end mark not counted. */
  readonly maxLengths: ArrayLike<number>;
  /** The next uniform number in [0, 1) of a sample; called once for each of its steps, in order. */
  readonly uniform: (source: number, sample: number) => number;
}

/** Sources leave the session once at most this share of those present still has an open sample. */
const KEEP_SHARE = 0.75;

/**
 * Draws K samples of every source from the model. What is drawn depends on the source and its uniform numbers alone.
 * @returns for each source its samples in order
 */
export async function drawSamples(
  decoder: TransformerDecoder,
  sources: readonly SourceSequence[],
  { samples, temperature, maxLengths, uniform }: SamplingRequest,
): Promise<Sample[][]> {
  const session = await decoder.start(sources, samples);
  const drawn = sources.map(() => Array.from({ length: samples }, () => ({ tokens: [] as number[], logProb: 0 })));
  const results: Sample[][] = sources.map(() => []);
  const open = sources.map(() => samples);
  let present = [...sources.keys()];
  let tokens = new Int32Array(sources.length * samples).fill(BOS);
  for (let step = 0; present.length > 0; step++) {
    const numbers = new Float32Array(tokens.length);
    forEachOpen(present, samples, results, (row, source, k) => {
      numbers[row] = uniform(source, k);
    });
    const { ids, logProbs } = await session.draw(tokens, numbers, temperature);
    tokens = tokens.fill(EOS);
    forEachOpen(present, samples, results, (row, source, k) => {
      const sample = drawn[source]?.[k] as { tokens: number[]; logProb: number };
      const token = ids[row] as number;
      sample.logProb += logProbs[row] as number;
      if (token !== EOS) sample.tokens.push(token);
      tokens[row] = token;
      if (token !== EOS && step + 1 < (maxLengths[source] as number)) return;
      const { logProb } = sample;
      (results[source] as Sample[])[k] = { tokens: Int32Array.from(sample.tokens), finished: token === EOS, logProb };
      open[source] = (open[source] as number) - 1;
    });
    const kept = [...present.keys()].filter((place) => (open[present[place] as number] as number) > 0);
    if (kept.length > KEEP_SHARE * present.length) continue;
    if (kept.length > 0) await session.keep(kept);
    const rows = new Int32Array(kept.length * samples);
    kept.forEach((from, to) => {
      rows.set(tokens.subarray(from * samples, (from + 1) * samples), to * samples);
    });
    tokens = rows;
    present = kept.map((place) => present[place] as number);
  }
  return results;
}

/** Calls for every row of the session whose sample has not ended. */
function forEachOpen(
  present: readonly number[],
  samples: number,
  results: readonly (readonly (Sample | undefined)[])[],
  call: (row: number, source: number, sample: number) => void,
): void {
  for (const [place, source] of present.entries()) {
    for (let k = 0; k < samples; k++) if (!results[source]?.[k]) call(place * samples + k, source, k);
  }
}
