// The configured features of an utterance, before any normalisation.
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import type { Features } from '../types.js';
import { addDeltas } from './deltas.js';
import { createKaldiExtractor, type FeatureExtractor } from './kaldi.js';
import { createLogMelExtractor } from './log-mel.js';

/** Changes whenever the same configuration would give other numbers. */
const VERSION = 2;

/** Features a frame. */
export function featureDim({ kind, numMelBins, numCeps, useEnergy, deltas }: FeaturesConfig): number {
  const base = kind === 'mfcc' ? numCeps : numMelBins + (kind === 'fbank' && useEnergy ? 1 : 0);
  return base * (deltas + 1);
}

/** Everything that the numbers depend on, apart from the sound, in one line: the key of a cache. */
export function featureFingerprint(config: FeaturesConfig): string {
  const { cmvn, cmvnVariance, cmvnWindow, ...rest } = config;
  return JSON.stringify({ version: VERSION, ...rest }, ['version', ...Object.keys(rest).sort()]);
}

/**
 * Makes features by a configuration, before any normalisation; audio must have its sample rate. Sound too short for a frame
 * has none.
 */
export async function createFeatureExtractor(config: FeaturesConfig): Promise<FeatureExtractor> {
  const base = config.kind === 'logMel' ? await createLogMelExtractor(config) : await createKaldiExtractor(config);
  return {
    ...base,
    dim: featureDim(config),
    extract(samples) {
      const features = base.extract(samples);
      checkFinite(features, samples);
      return addDeltas(features, config.deltas, config.deltaWindow);
    },
  };
}

/** All logarithms have floors, so that only samples can be at fault. */
function checkFinite({ data }: Features, samples: Float32Array): void {
  let finite = true;
  // Of infinity and NaN only, the difference from itself is not 0; `every` takes as long as a quarter of the features.
  for (let i = 0; i < data.length; i++) if ((data[i] as number) - (data[i] as number) !== 0) finite = false;
  if (finite) return;
  const found = samples.findIndex((value) => !Number.isFinite(value));
  throw new DataError(
    `samples: expected finite numbers, of about −1 to 1, found ${
      found < 0 ? 'some too large to compute with' : `${samples[found]} in place ${found}`
    }; convert the audio again`,
  );
}
