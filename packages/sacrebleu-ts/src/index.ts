// BLEU, chrF and TER with sacreBLEU's scores and signatures.
export { BLEU, type BLEUOptions } from './bleu.js';
export { type BLEUNumbers, BLEUScore, type SmoothMethod } from './bleu-score.js';
export {
  Metric,
  type Reference,
  type ReferenceCount,
  type SavedStatistics,
  type Score,
  type ScoreFormat,
  type Signatures,
  Statistics,
} from './metric.js';
export type { TokenizerName } from './tokenizers.js';
