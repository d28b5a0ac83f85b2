// The objective of a training setup.
import type { TrainingSetup } from '../setup.js';
import { binaryRelevanceObjective } from './binary-relevance.js';
import { crossEntropyObjective } from './cross-entropy.js';
import { framesObjective } from './frames.js';
import { minimumRiskObjective, reinforceObjective } from './sequence-level.js';
import type { Objective } from './types.js';

/** The objective that a setup asks for. */
export function objectiveOf(setup: TrainingSetup): Objective {
  switch (setup.objective?.kind) {
    case 'reinforce':
      return reinforceObjective(setup, setup.objective);
    case 'minimum-risk':
      return minimumRiskObjective(setup, setup.objective);
    case 'binary-relevance':
      return binaryRelevanceObjective(setup);
    case 'frames':
      return framesObjective(setup, setup.objective);
    default:
      return crossEntropyObjective(setup, setup.objective);
  }
}
