// What is decoded with.
import type { TensorSpec } from '../engine/types.js';
import type { ModelConfig } from '../model/config.js';
import type { VocabularySizes } from '../model/parameters.js';

/** A model and what it reads and writes. */
export interface DecoderModel {
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, TensorSpec>>;
  readonly vocabulary: VocabularySizes;
}
