// The library: everything the command line does, as typed functions.
export type { EngineChoice } from './engine/names.js';
export { ConfigError, DataError, EngineError, UsageError } from './errors.js';
export type { MetricScore } from './metrics/metric.js';
export { decode } from './run/decode.js';
export { evaluate } from './run/evaluate.js';
export { train } from './run/train.js';
export type {
  DecodeOptions,
  DecodeSummary,
  EvaluateOptions,
  EvaluateResult,
  RunSettings,
  TrainOptions,
  TrainResult,
} from './run/types.js';
