// What the programs of a training are built for.
import type { TensorSpec } from '../engine/types.js';
import type { ModelConfig } from '../model/config.js';
import type { VocabularySizes } from '../model/parameters.js';
import type { ObjectiveSetup } from './objectives/types.js';
import type { OptimizerConfig } from './optimizer.js';

/** What the program of a validation needs to know. */
export type ValidationSetup = Pick<TrainingSetup, 'model' | 'parameters' | 'vocabulary' | 'ctcWeight' | 'objective'>;

/** What every training program needs to know. */
export interface TrainingSetup {
  readonly model: ModelConfig;
  readonly parameters: Readonly<Record<string, TensorSpec>>;
  readonly vocabulary: VocabularySizes;
  readonly labelSmoothing: number;
  /** Share of the CTC loss on the encoder in the whole; 0 where there is none. */
  readonly ctcWeight: number;
  /** Weight of the CTC loss on a decoder of frames; absent or 0 where there is none. */
  readonly targetCtcWeight?: number;
  /** What is optimised; plain cross-entropy where it is absent. */
  readonly objective?: ObjectiveSetup;
  /** Whether the parameters that training began with are kept, to measure how far the model has gone from them. */
  readonly keepsReference?: boolean;
  readonly optimizer: OptimizerConfig;
  /** Decay of the moving average of the parameters; 0 keeps none. */
  readonly emaDecay: number;
  readonly poolSize: number;
}
