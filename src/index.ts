// The library: everything the command line does, as typed functions, and alignments for a look at errors.
export type { EngineChoice } from './engine/names.js';
export { ConfigError, DataError, EngineError, UsageError } from './errors.js';
export {
  type AlignedSegment,
  type Alignment,
  type AlignmentChunk,
  alignSegments,
} from './metrics/error-rates/alignment.js';
export {
  type FrequentErrors,
  frequentErrors,
  type RenderOptions,
  renderAlignment,
  renderFrequentErrors,
} from './metrics/error-rates/render.js';
export { codePoints, graphemes, phonemes, words } from './metrics/error-rates/units.js';
export type { MetricScore } from './metrics/metric.js';
export { decode } from './run/decode.js';
export { evaluate } from './run/evaluate.js';
export { report } from './run/report.js';
export { train } from './run/train.js';
export type {
  DecodeOptions,
  DecodeSummary,
  EvaluateOptions,
  EvaluateResult,
  ReportOptions,
  ReportResult,
  RunSettings,
  TrainOptions,
  TrainResult,
} from './run/types.js';
