// Where an autoregressive model of frames looks as it writes true frames: what parallel models learn their durations from.

import { fixedBatches } from '../data/batches.js';
import type { BatchingConfig } from '../data/config.js';
import type { Corpus } from '../data/corpus.js';
import { loadFrames, type ModelExample, targetFramesOf } from '../data/examples.js';
import { meanOfHeads, type WalkingHeads } from '../decode/frames/programs.js';
import type { Tensor } from '../engine/ops.js';
import type { Engine, HostTensor, Program } from '../engine/types.js';
import { createScope } from '../model/scope.js';
import type { Codec } from '../task.js';
import { type FrameSetup, frameInputs } from './frame-batch.js';
import { frameValidationBatch, maskSpecs, withMasks } from './frame-validation.js';
import { monotonicDurations } from './monotonic-path.js';
import { writtenFrames } from './objectives/frames.js';

/** Output: `attention` `[B, T, S]`, the mean of the walking heads under teacher forcing. */
function attentionOfFrames(setup: FrameSetup, walking: WalkingHeads): Program {
  return {
    name: 'alignment',
    variables: setup.parameters,
    inputs: { ...frameInputs(setup), ...maskSpecs(setup) },
    body(variables, inputs) {
      const seen: Tensor[] = [];
      const scope = createScope(setup.model, variables, undefined, (name, weights) => {
        if (name.endsWith('.crossAttention')) seen.push(weights);
      });
      writtenFrames(withMasks(scope, inputs), inputs);
      return { outputs: { attention: meanOfHeads(seen, walking) } };
    },
  };
}

/** Rows in a batch. */
const BATCH = 16;

/**
 * The frames that each source position lasts in each row of a corpus, by the attention of a model.
 * @param parameters of the model
 * @returns by the rows' numbers
 */
export async function durationsOfCorpus(
  engine: Engine,
  setup: FrameSetup,
  parameters: Readonly<Record<string, HostTensor>>,
  codec: Codec,
  corpus: Corpus,
  walking: WalkingHeads,
  seed: number,
  signal?: AbortSignal,
): Promise<number[][]> {
  const executable = await engine.compile(attentionOfFrames(setup, walking), { constants: parameters });
  const batching = {
    maxTokens: 1e9,
    maxSentences: BATCH,
    bucketing: 4096,
    onLong: 'error',
    onBlank: 'keep',
    onShort: 'skip',
  };
  const result: number[][] = [];
  try {
    const encoding = {
      encode: (row: Parameters<Codec['encodeRow']>[0]) => codec.encodeRow(row),
      batching: batching as BatchingConfig,
      load: loadFrames,
    };
    for await (const batch of fixedBatches<ModelExample>(corpus, encoding)) {
      signal?.throwIfAborted();
      const { attention } = await executable.run(frameValidationBatch(setup, batch, seed));
      const { shape, data } = attention as HostTensor;
      const [, targets, sources] = shape as [number, number, number];
      batch.examples.forEach((example, i) => {
        const { frames, length, reduction } = targetFramesOf(example);
        const own = cropped(data as Float32Array, i * targets * sources, sources, length, example.source.length);
        const positions = monotonicDurations(own, length, example.source.length);
        result[batch.rows[i] as number] = inFrames(positions, reduction, frames);
      });
    }
  } finally {
    await executable.dispose();
  }
  return result;
}

/** The first rows and columns of a matrix that begins at `from` and is `width` wide. */
function cropped(data: Float32Array, from: number, width: number, rows: number, columns: number): Float32Array {
  const result = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    result.set(data.subarray(from + row * width, from + row * width + columns), row * columns);
  }
  return result;
}

/** Positions as frames; the last position may have fewer. */
function inFrames(positions: Int32Array, reduction: number, frames: number): number[] {
  let end = 0;
  let before = 0;
  return Array.from(positions, (count) => {
    end += count;
    const reached = Math.min(frames, end * reduction);
    const own = reached - before;
    before = reached;
    return own;
  });
}
