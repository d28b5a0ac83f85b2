// The parameters of a model: names, shapes and initial values.
import { type HostTensor, sizeOf, type TensorSpec } from '../engine/types.js';
import { EngineError } from '../errors.js';
import { Random } from '../random.js';
import type { ModelConfig } from './config.js';
import { conformerSpecs } from './conformer.js';
import { copyEntries } from './copy.js';
import { crossAttentionEntries } from './cross-attention.js';
import { frameDecoderEntries, isParallel } from './frame-decoder.js';
import { frontEndSpecs } from './front-end.js';
import { type Initializer, linearEntries, normEntries, type ParameterEntry } from './parameter-entry.js';
import { relevanceEntries } from './relevance.js';
import { placeWeightEntries } from './sentence-embedding.js';
import { keptName } from './shared-layers.js';

/** One parameter. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** What a model reads and writes: sizes of its vocabularies, or of its frames. */
export interface VocabularySizes {
  /** Tokens, or the features of a frame. */
  readonly source: number | { readonly features: number };
  /** Places of a sentence that are told apart, where a source position is a sentence of tokens; see `sentence-embedding.ts`. */
  readonly sentences?: number;
  /** Tokens, or the features of a frame. */
  readonly target: number | { readonly features: number };
  /** Tokens of the CTC head on the encoder, which there is none of where this is absent. */
  readonly ctc?: number;
  /** Tokens of the CTC head on a decoder of frames, which there is none of where this is absent. */
  readonly targetText?: number;
  /** Whether each token of the target is decided by itself; see `relevance.ts`. */
  readonly relevance?: boolean;
  /** Voices that the target can be in, where the model tells them apart. */
  readonly speakers?: number;
}

/** Tokens of the target's vocabulary. @throws EngineError where the target is frames */
export function targetVocabularySize({ target }: VocabularySizes): number {
  if (typeof target === 'number') return target;
  throw new EngineError('internal: expected a target of tokens, found frames');
}

/** Every parameter of a model in a fixed order; names read like `encoder.layers.0.selfAttention.query.weight`. */
export function parameterSpecs(config: ModelConfig, vocabulary: VocabularySizes): Map<string, ParameterSpec> {
  const specs = new Map<string, ParameterSpec>();
  const { modelDim: width, feedForwardDim: inner } = config;
  const add = (...entries: readonly ParameterEntry[]): void => {
    for (const [name, shape, initializer] of entries) specs.set(keptName(config, name), { shape, initializer });
  };
  const linear = (name: string, from: number, to: number): void => add(...linearEntries(name, from, to));
  const norm = (name: string): void => add(...normEntries(name, config));
  const attention = (name: string): void => {
    norm(`${name}Norm`);
    for (const part of ['query', 'key', 'value', 'output']) linear(`${name}.${part}`, width, width);
  };
  const feedForward = (layer: string): void => {
    norm(`${layer}.feedForwardNorm`);
    linear(`${layer}.feedForward.inner`, width, inner);
    if (config.activation === 'swiglu') linear(`${layer}.feedForward.gate`, width, inner);
    linear(`${layer}.feedForward.outer`, inner, width);
  };
  const { source, target } = vocabulary;
  if (typeof source !== 'number') {
    add(...frontEndSpecs(config, source.features));
  } else if (config.embeddings !== 'shared') add(['source.embedding', [source, width], 'embedding']);
  if (vocabulary.sentences !== undefined) add(...placeWeightEntries(vocabulary.sentences, width));
  if (typeof target === 'number') {
    add(['target.embedding', [target, width], 'embedding']);
    if (config.embeddings === 'separate') add(['output.embedding', [target, width], 'embedding']);
  } else add(...frameDecoderEntries(config, target.features));
  if (vocabulary.speakers !== undefined) add(['speaker.embedding', [vocabulary.speakers, width], 'embedding']);
  if (config.positions === 'learned') {
    for (const side of ['source', 'target']) add([`${side}.positions`, [config.maxPositions, width], 'embedding']);
  }
  const encoderLayer = (layer: string): void => {
    if (config.encoderBlock === 'conformer') {
      add(...conformerSpecs(layer, config));
      return;
    }
    attention(`${layer}.selfAttention`);
    feedForward(layer);
  };
  for (let i = 0; i < config.encoderLayers; i++) encoderLayer(`encoder.layers.${i}`);
  for (let i = 0; i < config.decoderLayers; i++) {
    if (isParallel(config)) {
      encoderLayer(`decoder.layers.${i}`);
      continue;
    }
    attention(`decoder.layers.${i}.selfAttention`);
    attention(`decoder.layers.${i}.crossAttention`);
    add(...crossAttentionEntries(`decoder.layers.${i}.crossAttention`, config));
    feedForward(`decoder.layers.${i}`);
  }
  if (config.normPosition === 'pre') {
    norm('encoder.norm');
    norm('decoder.norm');
  }
  if (config.copy) add(...copyEntries(width));
  if (vocabulary.relevance) add(...relevanceEntries(targetVocabularySize(vocabulary)));
  if (vocabulary.ctc !== undefined) linear('ctc', width, vocabulary.ctc);
  if (vocabulary.targetText !== undefined) linear('targetText', width, vocabulary.targetText);
  return specs;
}

/** The specs as program variables. */
export function parameterVariables(specs: ReadonlyMap<string, ParameterSpec>): Record<string, TensorSpec> {
  return Object.fromEntries([...specs].map(([name, { shape }]) => [name, { shape, dtype: 'float32' as const }]));
}

/**
 * Initial values: weights Xavier-uniform (Glorot & Bengio, 2010), embeddings normal with deviation D^-½ as in
 * Vaswani et al. (2017), biases 0, norm scales 1. Each parameter draws from a stream of its own name.
 */
export function initialParameters(specs: ReadonlyMap<string, ParameterSpec>, seed: number): Record<string, HostTensor> {
  const result: Record<string, HostTensor> = {};
  for (const [name, { shape, initializer }] of specs) {
    const data = new Float32Array(sizeOf(shape));
    const [rows, columns] = shape as [number, number];
    const random = new Random(seed, `init/${name}`);
    if (initializer === 'ones') data.fill(1);
    else if (initializer === 'xavier') {
      const limit = Math.sqrt(6 / (rows + columns));
      for (let i = 0; i < data.length; i++) data[i] = (2 * random.uniform() - 1) * limit;
    } else if (initializer === 'embedding') {
      const deviation = columns ** -0.5;
      for (let i = 0; i < data.length; i++) data[i] = random.normal() * deviation;
    }
    result[name] = { shape, data };
  }
  return result;
}
