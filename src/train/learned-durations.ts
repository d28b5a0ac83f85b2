// Durations by the alignment that a parallel model is learning: the best monotonic path of each example, as the model stands.
import { type ModelExample, targetFramesOf } from '../data/examples.js';
import { sourceTensors } from '../decode/source-batch.js';
import type { Tensor } from '../engine/ops.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program } from '../engine/types.js';
import { alignmentLogProbs } from '../model/aligner.js';
import { createScope } from '../model/scope.js';
import { alignable, encodeSource } from '../model/transformer.js';
import { cropped } from './alignment.js';
import { type FrameSetup, pairBatch, pairInputs } from './frame-batch.js';
import { monotonicDurations } from './monotonic-path.js';
import { isPositive } from './objectives/guided-attention.js';

/** Output: `logProbs` `[B, T, S]`. */
function alignmentProgram(setup: FrameSetup): Program {
  return {
    name: 'learned-alignment',
    variables: setup.parameters,
    inputs: pairInputs(setup),
    body(variables, inputs) {
      const scope = createScope(setup.model, variables);
      const given = sourceTensors(inputs);
      const encoded = encodeSource(scope, given, inputs.speaker);
      const there = isPositive(inputs.weights as Tensor);
      const source = alignable(scope, given, encoded);
      const logProbs = alignmentLogProbs(scope, source, encoded.present, inputs.targetFrames as Tensor, there);
      return { outputs: { logProbs } };
    },
  };
}

/** Finds durations with the parameters on an engine. */
export class LearnedDurations {
  private compiled: Promise<Executable> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly setup: FrameSetup,
    private readonly options: CompileOptions = {},
  ) {}

  /** The examples with the durations of their best paths; their frames must have been loaded. */
  async of(examples: readonly ModelExample[]): Promise<ModelExample[]> {
    this.compiled ??= this.engine.compile(alignmentProgram(this.setup), this.options);
    const { logProbs } = await (await this.compiled).run(pairBatch(this.setup, examples, 1));
    const { shape, data } = logProbs as HostTensor;
    const [, targets, sources] = shape as [number, number, number];
    return examples.map((example, i) => {
      const { length } = targetFramesOf(example);
      const own = cropped(data as Float32Array, i * targets * sources, sources, length, example.source.length);
      const durations = monotonicDurations(own.map(Math.exp), length, example.source.length);
      return { ...example, durations };
    });
  }
}
