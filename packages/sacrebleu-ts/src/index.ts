// BLEU, chrF and TER with sacreBLEU's scores and signatures, their significance, and SentencePiece tokenizers.
export { BLEU, type BLEUOptions } from './bleu.js';
export { type BLEUNumbers, BLEUScore, type SmoothMethod } from './bleu-score.js';
export { CHRF, type CHRFOptions } from './chrf.js';
export { CHRFScore } from './chrf-score.js';
export type { Confidence, ScoreFormat } from './format.js';
export {
  Metric,
  type Reference,
  type ReferenceCount,
  type SavedStatistics,
  type Score,
  type Signatures,
  Statistics,
} from './metric.js';
export { sentencePieceEncoder, sentencePieceTokenizer } from './sentencepiece/tokenizer.js';
export {
  type PairedTest,
  pairedApproximateRandomization,
  pairedBootstrap,
  type RandomizationOptions,
  type System,
  type TestedMetric,
  type TestedScore,
} from './significance.js';
export { confidenceInterval, type ScoreWithConfidence } from './significance-confidence.js';
export type { SamplingOptions } from './significance-sample.js';
export { type SegmentStatistics, segmentStatistics } from './significance-segments.js';
export type { SinglePrecision } from './significance-single.js';
export { systemsJson, systemsLatex, systemsText } from './significance-systems.js';
export { type PairedTestFormat, pairedTestJson, pairedTestLatex, pairedTestText } from './significance-table.js';
export { TER, type TEROptions, TERScore } from './ter.js';
export type { NamedTokenizer, Tokenizer, TokenizerName } from './tokenizers.js';
export { VERSION } from './version.js';
export { trimEnd } from './whitespace.js';
