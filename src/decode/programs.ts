// The programs of decoding: encoding the source into caches, and one step of all hypotheses.

import { safeLog } from '../engine/fused/safe-log.js';
import {
  add,
  logSoftmax,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  stack,
  type Tensor,
  topk,
  vector,
} from '../engine/ops.js';
import type { Program, TensorSpec, Tensors } from '../engine/types.js';
import type { KeysValues } from '../model/attention.js';
import type { ModelConfig } from '../model/config.js';
import { alignmentShape, alignmentsOf } from '../model/cross-attention.js';
import { embeddingMatrix, outputWithoutMarks } from '../model/embedding.js';
import type { VocabularySizes } from '../model/parameters.js';
import { createScope } from '../model/scope.js';
import { ctcLogits, encodeSource, incrementalStep, teacherForcedStates } from '../model/transformer.js';
import { BOS, EOS, PAD } from '../text/special-tokens.js';
import { COPY_KEY, COPY_SOURCE, copyKeySpec, copyStep, encodedCopyKeys } from './copy-programs.js';
import { drawingBlocks, drawTokens } from './draw.js';
import { sourceSpecs, sourceTensors, speakerSpecs } from './source-batch.js';

/** Variables that hold the state of the sentences being decoded. */
export const CROSS_MASK = 'decode.cross.mask';
export const crossName = (layer: number, part: 'key' | 'value'): string => `decode.cross.${layer}.${part}`;
export const pastName = (layer: number, part: 'key' | 'value'): string => `decode.past.${layer}.${part}`;

const alignmentName = (layer: number): string => `decode.alignment.${layer}`;

export const layersOf = (model: ModelConfig): number[] => Array.from({ length: model.decoderLayers }, (_, i) => i);

/** Names of the self-attention caches `[B, H, C, D/H]`. */
export const pastNames = (model: ModelConfig): string[] =>
  layersOf(model).flatMap((i) => [pastName(i, 'key'), pastName(i, 'value')]);

/** Names of where cross-attention was at the step before; none for softmax. */
export const alignmentNames = (model: ModelConfig): string[] =>
  model.crossAttention === 'softmax' ? [] : layersOf(model).map(alignmentName);

/** Names of everything kept per sentence. */
export const sentenceNames = (model: ModelConfig): string[] => [
  ...pastNames(model),
  ...layersOf(model).flatMap((i) => [crossName(i, 'key'), crossName(i, 'value')]),
  CROSS_MASK,
  ...alignmentNames(model),
  ...(model.copy ? [COPY_KEY] : []),
];

/** Specs of the caches; `length` is their third dimension. */
export function cacheSpecs(model: ModelConfig, name: typeof crossName, length: string): Record<string, TensorSpec> {
  const spec: TensorSpec = { shape: ['B', model.heads, length, model.modelDim / model.heads], dtype: 'float32' };
  return Object.fromEntries(
    layersOf(model).flatMap((i) => [
      [name(i, 'key'), spec],
      [name(i, 'value'), spec],
    ]),
  );
}

/**
 * Encodes a batch of sources and stores what cross-attention needs. Inputs as `sourceSpecs` and `speakerSpecs` say. Outputs nothing, or
 * the CTC head's `ctcLogProbs` `[B, S, V]`.
 */
export function encodingProgram(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabulary: VocabularySizes,
  withCtc: boolean,
): Program {
  return {
    name: 'encoding',
    variables: parameters,
    inputs: { ...sourceSpecs(vocabulary), ...speakerSpecs(vocabulary) },
    body(variables, inputs) {
      const scope = createScope(model, variables);
      const encoded = encodeSource(scope, sourceTensors(inputs), inputs.speaker);
      const updates: Record<string, Tensor> = { [CROSS_MASK]: encoded.mask };
      if (model.copy) updates[COPY_KEY] = encodedCopyKeys(scope, encoded);
      encoded.cross.forEach(({ key, value }, i) => {
        updates[crossName(i, 'key')] = key;
        updates[crossName(i, 'value')] = value;
      });
      return { outputs: withCtc ? { ctcLogProbs: logSoftmax(ctcLogits(scope, encoded)) } : {}, updates };
    },
  };
}

/** Variables and inputs of a step of K hypotheses a sentence. */
function stepInterface(model: ModelConfig, parameters: Readonly<Record<string, TensorSpec>>, beam: number) {
  const shape = alignmentShape<string>(model, 'B', beam, 'S');
  const alignments = shape
    ? Object.fromEntries(alignmentNames(model).map((name) => [name, { shape, dtype: 'float32' as const }]))
    : {};
  return {
    variables: {
      ...parameters,
      ...cacheSpecs(model, pastName, 'C'),
      ...cacheSpecs(model, crossName, 'S'),
      [CROSS_MASK]: { shape: ['B', 1, 1, 'S'], dtype: 'float32' as const },
      ...alignments,
      ...(model.copy ? { [COPY_KEY]: copyKeySpec(model) } : {}),
    },
    inputs: {
      tokens: { shape: ['B', beam], dtype: 'int32' as const },
      position: { shape: [1], dtype: 'int32' as const },
      ancestry: { shape: ['B', 1, beam, 'C'], dtype: 'float32' as const },
      ...(shape ? { parents: { shape: ['B', beam], dtype: 'int32' as const } } : {}),
      ...(model.copy ? { copySource: COPY_SOURCE } : {}),
    },
  };
}

/**
 * One step of all hypotheses.
 * @returns the state `[B·K, D]`, what goes into the caches, and where cross-attention is now
 */
function stepStates(model: ModelConfig, beam: number, variables: Tensors, inputs: Tensors) {
  const tokens = inputs.tokens as Tensor;
  const scope = createScope(model, variables);
  const caches = (name: typeof crossName): KeysValues[] =>
    layersOf(model).map((i) => ({
      key: variables[name(i, 'key')] as Tensor,
      value: variables[name(i, 'value')] as Tensor,
    }));
  const names = alignmentNames(model);
  const { state, present, alignments } = incrementalStep(scope, tokens, {
    batch: tokens.shape[0] as number,
    beam,
    position: inputs.position as Tensor,
    past: caches(pastName),
    ancestry: inputs.ancestry as Tensor,
    cross: caches(crossName),
    crossMask: variables[CROSS_MASK] as Tensor,
    alignments: names.map((name) => alignmentsOf(variables[name] as Tensor, inputs.parents as Tensor)),
  });
  const appends = Object.fromEntries(
    present.flatMap(({ key, value }, i) => [
      [pastName(i, 'key'), { value: key, axis: 2 }],
      [pastName(i, 'value'), { value, axis: 2 }],
    ]),
  );
  const updates = Object.fromEntries(names.map((name, i) => [name, alignments[i] as Tensor]));
  return { scope, state, appends, updates };
}

/**
 * One step of K hypotheses a sentence. Inputs: `tokens` int32 `[B, K]`, `position` int32 `[1]`, `ancestry` `[B, 1, K, C]`,
 * and where cross-attention looks back `parents` int32 `[B, K]`, the row of the B·K that each goes on from.
 * Outputs: `logProbs` `[B·K, top]` and `ids` int32 `[B·K, top]`, or all of `logProbs` `[B·K, V]`; and `endLogProbs` `[B·K, 1]`.
 * PAD and BOS never follow: their log-probability is -Infinity.
 *
 * A model that copies has `copySource` int32 `[B, S]` besides, and what it returns is to be merged: log-probabilities of being generated,
 * and `sourceLogProbs` and `copyProbs` `[B·K, S]`, see {@link copyStep}.
 */
export function decodingStep(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabularySize: number,
  beam: number,
  top: number | 'all',
): Program {
  const never = new Float32Array(vocabularySize);
  never[PAD] = Number.NEGATIVE_INFINITY;
  never[BOS] = Number.NEGATIVE_INFINITY;
  return {
    name: `decoding-step-${beam}-${top}`,
    ...stepInterface(model, parameters, beam),
    body(variables, inputs) {
      const { scope, state, appends, updates } = stepStates(model, beam, variables, inputs);
      const logits = matMul(state, embeddingMatrix(scope, 'output'), false, true);
      // [B·K, V]
      const generator = add(logSoftmax(logits), vector(never));
      const [key, mask] = [variables[COPY_KEY] as Tensor, variables[CROSS_MASK] as Tensor];
      const { logProbs, ...copies } = model.copy
        ? copyStep(scope, state, generator, inputs.copySource as Tensor, key, mask)
        : { logProbs: generator };
      const endLogProbs = slice(logProbs, [0, EOS], [logProbs.shape[0] as number, 1]);
      if (top === 'all') return { outputs: { logProbs, endLogProbs, ...copies }, appends, updates };
      const best = topk(logProbs, top, true);
      return { outputs: { logProbs: best.values, ids: best.indices, endLogProbs, ...copies }, appends, updates };
    },
  };
}

/**
 * One step of K samples a sentence: each row draws its next token from `softmax(logits / temperature)`. Further inputs:
 * `uniform` `[B, K]` in [0, 1) and `inverseTemperature`, a scalar. Outputs: `ids` int32 `[B·K]` and their `logProbs` `[B·K]` under
 * the distribution they are drawn from. PAD and BOS are never drawn.
 */
export function samplingStep(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  samples: number,
): Program {
  const { variables, inputs } = stepInterface(model, parameters, samples);
  return {
    name: `sampling-step-${samples}`,
    variables,
    inputs: {
      ...inputs,
      uniform: { shape: ['B', samples], dtype: 'float32' },
      inverseTemperature: { shape: [], dtype: 'float32' },
    },
    body(variables, inputs) {
      const { scope, state, appends, updates } = stepStates(model, samples, variables, inputs);
      const rows = state.shape[0] as number;
      const classes = embeddingMatrix(scope, 'output').shape[0] as number;
      const scaled = mul(state, inputs.inverseTemperature as Tensor);
      const output = outputWithoutMarks(scope, scaled, drawingBlocks(classes).filled);
      const probabilities = softmax(matMul(output.states, output.matrix, false, true));
      const { ids, probability } = drawTokens(probabilities, reshape(inputs.uniform as Tensor, [rows, 1]));
      return { outputs: { ids, logProbs: safeLog(probability) }, appends, updates };
    },
  };
}

/**
 * Cross-attention of whole outputs as decoding has it: without dropout, and hard where it is monotonic. Inputs: the source and
 * `target` int32 `[B, T]`, decoder inputs that begin with BOS. Output: `weights` `[L, B, H, T, S]`.
 */
export function attentionProgram(
  model: ModelConfig,
  parameters: Readonly<Record<string, TensorSpec>>,
  vocabulary: VocabularySizes,
): Program {
  return {
    name: 'attention',
    variables: parameters,
    inputs: { ...sourceSpecs(vocabulary), target: { shape: ['B', 'T'], dtype: 'int32' } },
    body(variables, inputs) {
      const seen: Tensor[] = [];
      const scope = createScope(model, variables, undefined, (name, weights) => {
        if (name.endsWith('.crossAttention')) seen.push(weights);
      });
      const decoding = { ...scope, isHard: true };
      teacherForcedStates(decoding, encodeSource(scope, sourceTensors(inputs)), inputs.target as Tensor);
      return { outputs: { weights: stack(seen) } };
    },
  };
}
