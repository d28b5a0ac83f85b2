// The decoder stack: whole target sequences under teacher forcing, or one position at a time with caches.
import {
  add,
  concat,
  matMul,
  mul,
  range,
  reshape,
  slice,
  softmax,
  sum,
  type Tensor,
  transpose,
} from '../engine/ops.js';
import { attendAndProject, type KeysValues, projectHeads, projectKeysValues } from './attention.js';
import { crossAttend, crossAttendStep, type TargetSizes } from './cross-attention.js';
import { feedForward, finalNorm, linear, residual } from './layers.js';
import { rotate } from './positions.js';
import type { Scope } from './scope.js';

/** An attention sublayer: normalised state `[N, D]` → `[N, D]`. */
type Attend = (x: Tensor, layer: number) => Tensor;

/** Runs all decoder layers with the given self- and cross-attention. */
function decoderStack(scope: Scope, x: Tensor, selfAttend: Attend, crossAttend: Attend): Tensor {
  let state = x;
  for (let i = 0; i < scope.config.decoderLayers; i++) {
    const layer = `decoder.layers.${i}`;
    state = residual(scope, `${layer}.selfAttentionNorm`, state, (input) => selfAttend(input, i));
    state = residual(scope, `${layer}.crossAttentionNorm`, state, (input) => crossAttend(input, i));
    state = residual(scope, `${layer}.feedForwardNorm`, state, (input) =>
      feedForward(scope, `${layer}.feedForward`, input),
    );
  }
  return finalNorm(scope, 'decoder.norm', state);
}

/** Cross-attention keys and values of every decoder layer. @param memory `[B·S, D]` */
export function crossKeysValues(scope: Scope, memory: Tensor, batch: number, length: number): KeysValues[] {
  return Array.from({ length: scope.config.decoderLayers }, (_, i) =>
    projectKeysValues(scope, `decoder.layers.${i}.crossAttention`, memory, batch, length),
  );
}

/**
 * Decodes whole target sequences (teacher forcing), K of each source: those of one source look at its memory as if they were
 * one long sequence of queries, so the memory is never repeated.
 * @param x embedded target inputs `[B·K·T, D]`
 * @param cross keys and values of the memory, a layer each
 * @param selfMask additive, broadcastable to `[B·K, H, T, T]`
 * @param crossMask additive `[B, 1, 1, S]`
 * @returns `[B·K·T, D]`
 */
export function decodeSequence(
  scope: Scope,
  x: Tensor,
  sizes: TargetSizes,
  cross: readonly KeysValues[],
  selfMask: Tensor,
  crossMask: Tensor,
): Tensor {
  const { length } = sizes;
  const batch = sizes.sources * sizes.perSource;
  const positions = range(length);
  return decoderStack(
    scope,
    x,
    (input, i) => {
      const name = `decoder.layers.${i}.selfAttention`;
      const query = rotate(scope, projectHeads(scope, `${name}.query`, input, batch, length), positions);
      const { key, value } = projectKeysValues(scope, name, input, batch, length);
      return attendAndProject(scope, name, query, { key: rotate(scope, key, positions), value }, selfMask);
    },
    (input, i) =>
      crossAttend(scope, `decoder.layers.${i}.crossAttention`, input, sizes, cross[i] as KeysValues, crossMask),
  );
}

/** What one incremental step looks at. K hypotheses a sentence share its caches as query positions. */
export interface StepContext {
  readonly batch: number;
  readonly beam: number;
  /** int32 `[1]`, the position of this step. */
  readonly position: Tensor;
  /** Self-attention caches `[B, H, C, D/H]`, a layer each; slot `step·K + k` holds hypothesis k of that step. */
  readonly past: readonly KeysValues[];
  /** Additive `[B, 1, K, C]`: 0 at the slots of each hypothesis's own ancestors. */
  readonly ancestry: Tensor;
  readonly cross: readonly KeysValues[];
  /** Additive `[B, 1, 1, S]` */
  readonly crossMask: Tensor;
  /** What hides further source positions from the heads of a layer, additive `[B, H, 1, S]`; nothing unless told. */
  readonly crossWindow?: (layer: number) => Tensor | undefined;
  /** Where the cross-attention of each hypothesis's parent was, a layer each; none where the kind of attention needs none. */
  readonly alignments: readonly Tensor[];
}

/** What one incremental step yields. */
export interface StepResult {
  /** `[B·K, D]` */
  readonly state: Tensor;
  /** This step's own keys and values `[B, H, K, D/H]`, a layer each. */
  readonly present: KeysValues[];
  /** Where each hypothesis's cross-attention is now, a layer each, as in {@link StepContext.alignments}. */
  readonly alignments: Tensor[];
}

/**
 * Decodes one position of every hypothesis. The caches are only read: what goes into them is returned, for the host to store.
 * @param x embedded tokens `[B·K, D]`
 */
export function decodeStep(scope: Scope, x: Tensor, context: StepContext): StepResult {
  const { batch, beam, position } = context;
  const present: KeysValues[] = [];
  const alignments: Tensor[] = [];
  const state = decoderStack(
    scope,
    x,
    (input, i) => {
      const name = `decoder.layers.${i}.selfAttention`;
      const query = rotate(scope, projectHeads(scope, `${name}.query`, input, batch, beam), position);
      const projected = projectKeysValues(scope, name, input, batch, beam);
      const now = { key: rotate(scope, projected.key, position), value: projected.value };
      present.push(now);
      return attendPastAndSelf(scope, name, query, context.past[i] as KeysValues, now, context.ancestry);
    },
    (input, i) => {
      const name = `decoder.layers.${i}.crossAttention`;
      const { cross, crossMask, alignments: before } = context;
      const window = context.crossWindow?.(i);
      const sizes = { batch, beam };
      const { output, alignment } = crossAttendStep(
        scope,
        name,
        input,
        sizes,
        cross[i] as KeysValues,
        window ? add(crossMask, window) : crossMask,
        before[i],
      );
      if (alignment) alignments.push(alignment);
      return output;
    },
  );
  return { state, present, alignments };
}

/**
 * Attention of each hypothesis to its ancestors in the cache and to itself.
 * @param query `[B, H, K, D/H]` @returns `[B·K, D]`
 */
function attendPastAndSelf(
  scope: Scope,
  name: string,
  query: Tensor,
  past: KeysValues,
  now: KeysValues,
  ancestry: Tensor,
): Tensor {
  const [batch, heads, beam, width] = query.shape as [number, number, number, number];
  const slots = past.key.shape[2] as number;
  const scaled = mul(query, width ** -0.5);
  // [B, H, K, C] and [B, H, K, 1]
  const pastLogits = add(matMul(scaled, past.key, false, true), ancestry);
  const selfLogit = sum(mul(scaled, now.key), 3, true);
  // [B, H, K, C + 1], the hypothesis itself first
  const weights = softmax(concat([selfLogit, pastLogits], 3));
  const selfWeight = slice(weights, [0, 0, 0, 0], [batch, heads, beam, 1]);
  const pastWeights = slice(weights, [0, 0, 0, 1], [batch, heads, beam, slots]);
  // [B, H, K, D/H]
  const context = add(matMul(pastWeights, past.value), mul(selfWeight, now.value));
  const merged = reshape(transpose(context, [0, 2, 1, 3]), [batch * beam, scope.config.modelDim]);
  return linear(scope, `${name}.output`, merged);
}
