// The length limits that hold for a run: those of the configuration, and of the positions the model has learned.
import type { BatchingConfig } from '../data/config.js';
import type { DecodingConfig } from '../decode/config.js';
import { type ModelConfig, resolveModelConfig } from '../model/config.js';
import type { RunConfig } from '../task.js';

/** Most positions of a sequence that the model can tell apart. */
function mostPositions({ positions, maxPositions }: ModelConfig): number {
  return positions === 'learned' ? maxPositions : Number.POSITIVE_INFINITY;
}

/** `batching` with length limits that the model's positions suffice for. */
export function batchingWithin(config: RunConfig): BatchingConfig {
  const { batching } = config;
  const most = mostPositions(resolveModelConfig(config.model));
  if (most >= batching.maxTokens) return batching;
  const limit = (length: number | undefined): number => Math.min(length ?? batching.maxTokens, most);
  return {
    ...batching,
    maxSourceLength: limit(batching.maxSourceLength),
    maxTargetLength: limit(batching.maxTargetLength),
  };
}

/** Most tokens of a source, stop token included. */
export function longestSource(config: RunConfig): number {
  const { maxSourceLength, maxTokens } = batchingWithin(config);
  return maxSourceLength ?? maxTokens;
}

/** `decoding` with a maximum length that the model's positions suffice for, the stop token included. */
export function decodingWithin(config: RunConfig, decoding: DecodingConfig): DecodingConfig {
  const most = mostPositions(resolveModelConfig(config.model)) - 1;
  return decoding.maxLength <= most ? decoding : { ...decoding, maxLength: most };
}
