// Durations by the alignment that a parallel model is learning: the best monotonic path of each example, as the model stands.
import { type ModelExample, targetFramesOf } from '../data/examples.js';
import { sourceTensors } from '../decode/source-batch.js';
import { cast, greater, type Tensor } from '../engine/ops.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program } from '../engine/types.js';
import { alignmentLogProbs } from '../model/aligner.js';
import { createScope } from '../model/scope.js';
import { alignable, encodeSource } from '../model/transformer.js';
import { cropped } from './alignment.js';
import { frameBatch, frameInputs } from './frame-batch.js';
import { monotonicDurations } from './monotonic-path.js';
import type { TrainingSetup } from './setup.js';

/** Inputs of a step that alignment does not look at. */
const UNSEEN = /^(alignment|duration|path|frameWeights|ctc|targetText|scheduled)/;

/** Output: `logProbs` `[B, T, S]`. */
function alignmentProgram(setup: TrainingSetup): Program {
  const inputs = Object.entries(frameInputs(setup)).filter(([name]) => !UNSEEN.test(name));
  return {
    name: 'learned-alignment',
    variables: setup.parameters,
    inputs: Object.fromEntries(inputs),
    body(variables, inputs) {
      const scope = createScope(setup.model, variables);
      const given = sourceTensors(inputs);
      const encoded = encodeSource(scope, given, inputs.speaker);
      const there = cast(greater(inputs.weights as Tensor, 0), 'float32');
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
    private readonly setup: TrainingSetup,
    private readonly options: CompileOptions = {},
  ) {}

  /** The examples with the durations of their best paths; their frames must have been loaded. */
  async of(examples: readonly ModelExample[]): Promise<ModelExample[]> {
    const { setup } = this;
    this.compiled ??= this.engine.compile(alignmentProgram(setup), this.options);
    // Durations of any kind will do for inputs that are not looked at.
    const anyDurations = examples.map((example) => ({ ...example, durations: new Int32Array(example.source.length) }));
    const batch = Object.entries(frameBatch(setup, anyDurations, 1)).filter(([name]) => !UNSEEN.test(name));
    const { logProbs } = await (await this.compiled).run(Object.fromEntries(batch));
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
