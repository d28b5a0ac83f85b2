// The configured features of an utterance, before any normalisation.
import type { FeaturesConfig } from '../config.js';
import type { Features } from '../types.js';
import { addDeltas } from './deltas.js';
import { createKaldiExtractor, type FrameExtractor } from './kaldi.js';
import { createLogMelExtractor } from './log-mel.js';

/** Changes whenever the same configuration would give other numbers. */
const VERSION = 1;

/** Features a frame. */
export function featureDim({ kind, numMelBins, numCeps, useEnergy, deltas }: FeaturesConfig): number {
  const base = kind === 'mfcc' ? numCeps : numMelBins + (kind === 'fbank' && useEnergy ? 1 : 0);
  return base * (deltas + 1);
}

/** Everything that the numbers depend on, apart from the sound. */
export function featureFingerprint(config: FeaturesConfig): string {
  const { cmvn, cmvnVariance, cmvnWindow, ...rest } = config;
  return JSON.stringify({ version: VERSION, ...rest });
}

/** Makes features by a configuration; audio must have its sample rate. Sound too short for a frame has none. */
export async function createFeatureExtractor(config: FeaturesConfig): Promise<FrameExtractor> {
  const base = config.kind === 'logMel' ? await createLogMelExtractor(config) : await createKaldiExtractor(config);
  return {
    dim: featureDim(config),
    frames: base.frames,
    extract: (samples): Features => addDeltas(base.extract(samples), config.deltas, config.deltaWindow),
  };
}
