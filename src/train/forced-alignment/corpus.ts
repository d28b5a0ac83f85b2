// Aligns the rows of corpora.
import type { Corpus, RawRow } from '../../data/corpus.js';
import { loadFrames, targetFramesOf } from '../../data/examples.js';
import { EngineError } from '../../errors.js';
import { Random } from '../../random.js';
import type { Codec } from '../../task.js';
import { UNK } from '../../text/special-tokens.js';
import { type FitOptions, ForcedAligner, type TokenSet, type Utterance } from './aligner.js';

/** Frames that a model is fitted to at most, about three hours of speech; more would not be any better, and would not fit in memory. */
const MOST_FRAMES = 1_000_000;

/** Something that is said has a letter or a digit in it. */
const SAID = /[\p{L}\p{N}]/u;

/** A row as the aligner sees it. @throws EngineError where the source is sound */
async function utteranceOf(codec: Codec, row: RawRow): Promise<Utterance> {
  const example = await loadFrames(await codec.encodeRow(row));
  const { source } = example;
  if (!(source instanceof Int32Array)) throw new EngineError('internal: only texts can be aligned with recordings');
  const { data, frames } = targetFramesOf(example);
  return { tokens: source, frames: data, count: frames };
}

/** Tokens of the source. Spaces, punctuation and the stop token are silent. */
function tokenSet(codec: Codec): TokenSet {
  const { source } = codec.vocabulary;
  if (typeof source !== 'number') throw new EngineError('internal: only texts can be aligned with recordings');
  const names = codec.tokenNames(
    'source',
    Int32Array.from({ length: source }, (_, id) => id),
  );
  const silent = names.map((name, id) => id <= UNK || !SAID.test(name));
  return { size: source, isSilent: (token) => silent[token] as boolean };
}

/**
 * Fits an aligner to a corpus, or to a random part of a large one.
 * @param seed of the choice
 */
export function fitAligner(codec: Codec, corpus: Corpus, seed: number, options: FitOptions): Promise<ForcedAligner> {
  const { target } = codec.vocabulary;
  if (typeof target === 'number') throw new EngineError('internal: only recordings can be aligned with texts');
  async function* utterances(): AsyncGenerator<Utterance> {
    const order = new Random(seed, 'alignment').shuffle(Array.from({ length: corpus.size }, (_, index) => index));
    let frames = 0;
    for (const index of order) {
      for await (const row of corpus.rowsAt([index])) {
        const utterance = await utteranceOf(codec, row);
        yield utterance;
        frames += utterance.count;
      }
      if (frames > MOST_FRAMES) return;
    }
  }
  return ForcedAligner.fit(utterances(), tokenSet(codec), target.features, options);
}

/** Frames that each token lasts, row by row. */
export async function alignCorpus(
  aligner: ForcedAligner,
  codec: Codec,
  corpus: Corpus,
  signal?: AbortSignal,
): Promise<number[][]> {
  const result: number[][] = [];
  for await (const row of corpus.rows()) {
    signal?.throwIfAborted();
    result[row.index] = aligner.durations(await utteranceOf(codec, row));
  }
  return result;
}
