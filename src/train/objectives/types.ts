// What an objective is: the inputs of a batch and the loss on them.
import type { Tensor } from '../../engine/ops.js';
import type { TensorSpec, Tensors } from '../../engine/types.js';
import type { Scope } from '../../model/scope.js';

/** Makes the model for one evaluation. @param observe looks at attention weights */
export type MakeScope = (observe?: Scope['observe']) => Scope;

/** A loss as a training program evaluates it. */
export interface Objective {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** What is computed beforehand by the parameters as they are, without dropout, and has no gradient. */
  fixed?(scope: Scope, inputs: Tensors): Tensors;
  /** @returns scalar, summed over the batch with the weights among the inputs */
  loss(scope: MakeScope, inputs: Tensors, fixed: Tensors): Tensor;
}

/** How attention is guided along the diagonal; see `guided-attention.ts`. */
export interface GuidedAttentionSetup {
  /** 0 only measures. */
  readonly weight: number;
  readonly sigma: number;
  /** How many of the last decoder layers, and of the first heads, are meant; 0 means all. */
  readonly layers: number;
  readonly heads: number;
}

/** Cross-entropy and what may be added to it. */
export interface CrossEntropySetup {
  readonly kind: 'cross-entropy';
  /** α of R-Drop; 0 is off. */
  readonly rDrop: number;
  /** Whether each batch comes with a second one to be mixed in. */
  readonly mixup: boolean;
  /** Weight of the coverage loss of copy attention; 0 is off. */
  readonly coverage?: number;
  readonly scheduledSampling?:
    | { readonly prediction: 'argmax' | 'sample' | 'soft'; readonly passes: number }
    | undefined;
  readonly guidedAttention?: GuidedAttentionSetup | undefined;
}

/** The loss of frames; see `frames.ts`. */
export interface FramesSetup {
  readonly kind: 'frames';
  readonly l1Weight: number;
  readonly l2Weight: number;
  readonly stopWeight: number;
  /** What the position to stop at counts more than the others. */
  readonly stopPositiveWeight: number;
  readonly durationWeight: number;
  /** What guided attention is drawn to. */
  readonly guide: 'diagonal' | 'durations';
  /** Passes that predict decoder inputs before the one that is trained; 0 where all inputs are true. */
  readonly scheduledPasses: number;
  readonly guidedAttention?: GuidedAttentionSetup | undefined;
}

/** Objectives over sampled outputs; `rows` sequences a source. */
type SequenceSetup =
  | { readonly kind: 'reinforce'; readonly rows: number; readonly guidedAttention?: undefined }
  | {
      readonly kind: 'minimum-risk';
      readonly rows: number;
      readonly alpha: number;
      readonly guidedAttention?: undefined;
    };

/** A decision for each token of the target by itself; see `binary-relevance.ts`. */
interface RelevanceSetup {
  readonly kind: 'binary-relevance';
  readonly guidedAttention?: undefined;
}

/** What a training optimises. */
export type ObjectiveSetup = CrossEntropySetup | SequenceSetup | FramesSetup | RelevanceSetup;
