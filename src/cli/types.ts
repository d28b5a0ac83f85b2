// What the commands ask of the library.
import type { z } from 'zod';
import type { EngineName } from '../engine/names.js';
import type {
  ChatOptions,
  DecodeOptions,
  DecodeSummary,
  EvaluateOptions,
  EvaluateResult,
  ReportOptions,
  ReportResult,
  TrainOptions,
  TrainResult,
} from '../run/types.js';

/** What `tasks` and `init` need to know about a task. */
export interface TaskInfo {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly metrics: readonly string[];
  readonly recipes: readonly string[];
  readonly configSchema: z.ZodType;
  /** The values `s2s init` writes where they differ from the schema's defaults. */
  readonly starterConfig: Readonly<Record<string, unknown>>;
}

/** The library as the commands see it; each function loads what it needs when it is called. */
export interface Library {
  train(options: TrainOptions): Promise<TrainResult>;
  evaluate(options: EvaluateOptions): Promise<EvaluateResult>;
  /** Reads the input and writes the output itself. */
  decode(options: DecodeOptions): Promise<DecodeSummary>;
  /** Talks with whoever writes to standard input. */
  chat(options: ChatOptions): Promise<void>;
  /** Writes the page itself. */
  report(options: ReportOptions): Promise<ReportResult>;
  tasks(): Promise<readonly TaskInfo[]>;
  /** Times large matrix products for about `seconds`. */
  measureSpeed(engine: EngineName, threads: number, seconds: number): Promise<{ gflops: number }>;
}
