// The configured features of an utterance, before any normalisation.
import { DataError } from '../../errors.js';
import type { FeaturesConfig } from '../config.js';
import { silenceBounds } from '../synthesis/silence.js';
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

/**
 * Everything that the numbers depend on, apart from the sound, in one line: the key of a cache. Settings that came later count
 * only where they are used, so that caches made before stay good.
 */
export function featureFingerprint(config: FeaturesConfig): string {
  const { cmvn, cmvnVariance, cmvnWindow, framing, trimDb, ...rest } = config;
  const later = { ...(framing === 'centred' ? {} : { framing }), ...(trimDb === 0 ? {} : { trimDb }) };
  const all = { ...rest, ...later };
  return JSON.stringify({ version: VERSION, ...all }, ['version', ...Object.keys(all).sort()]);
}

/**
 * Makes features by a configuration, before any normalisation; audio must have its sample rate. Sound too short for a frame
 * has none. With `trimDb`, silence at both ends is cut first, and {@link FeatureExtractor.frames} is the most there may be.
 */
export async function createFeatureExtractor(config: FeaturesConfig): Promise<FeatureExtractor> {
  const base = config.kind === 'logMel' ? await createLogMelExtractor(config) : await createKaldiExtractor(config);
  return {
    ...base,
    dim: featureDim(config),
    extract(samples) {
      const features = base.extract(config.trimDb > 0 ? trimmed(samples, config.trimDb) : samples);
      checkFinite(features, samples);
      return addDeltas(features, config.deltas, config.deltaWindow);
    },
  };
}

function trimmed(samples: Float32Array, topDb: number): Float32Array {
  const { start, end } = silenceBounds(samples, { topDb });
  return samples.subarray(start, end);
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
