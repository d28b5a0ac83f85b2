// What the commands ask of the library: the options they hand over and the results they print.
import type { z } from 'zod';

/** What `--engine` accepts. */
export const ENGINES = ['auto', 'onnxruntime', 'tensorflow', 'cpu'] as const;

/** One of {@link ENGINES}. */
export type EngineOption = (typeof ENGINES)[number];

/** Settings every command has. */
export interface RunSettings {
  engine: EngineOption;
  /** Threads for tensor operations; the cores of the machine by default. */
  threads?: number;
  seed?: number;
  /** No progress and notes, only warnings. */
  quiet?: boolean;
  /** Takes everything that is not a result, a line at a time. */
  log?: (line: string) => void;
}

/** Settings of commands that run long enough to be interrupted. */
interface LongRunSettings extends RunSettings {
  /** Aborted by the first Ctrl-C. */
  signal?: AbortSignal;
}

interface TrainOptions extends LongRunSettings {
  /** The YAML config; absent for the built-in example, or for the run's own when resuming. */
  config?: string;
  /** The run folder. */
  out?: string;
  /** `key.path=value` texts. */
  set?: string[];
  resume?: boolean;
  maxSteps?: number;
  maxSeconds?: number;
}

export interface TrainResult {
  /** The run folder. */
  out: string;
  /** Optimizer steps done, those before a resume included. */
  step: number;
  seconds: number;
  /** The step of the best checkpoint, with what it was chosen by. */
  best?: { step: number; metric: string; score: number };
}

interface EvaluateOptions extends LongRunSettings {
  /** A run folder; absent when `hypotheses` are scored. */
  run?: string;
  split?: string;
  source?: string;
  reference?: string[];
  hypotheses?: string;
  metrics?: string[];
  beam?: number;
  lengthPenalty?: number;
  batchSize?: number;
  checkpoint?: string;
}

/** A score with what makes it comparable. */
export interface MetricResult {
  score: number;
  /** The metric's settings, as sacreBLEU writes them. */
  signature?: string;
}

export interface EvaluateResult {
  task?: string;
  split?: string;
  examples: number;
  metrics: Record<string, MetricResult>;
  decode?: Record<string, unknown>;
  seconds: number;
  version: string;
}

interface DecodeOptions extends LongRunSettings {
  run: string;
  /** A file, or `-` for standard input. */
  input: string;
  /** A file, or `-` for standard output. */
  output: string;
  /** Beam size; 1 is greedy search. */
  beam?: number;
  nBest?: number;
  scores?: boolean;
  lengthPenalty?: number;
  maxLength?: number;
  batchSize?: number;
  onLong?: 'error' | 'truncate' | 'skip';
  checkpoint?: string;
  /** Writes one JSON object a line instead of text. */
  json?: boolean;
}

export interface DecodeSummary {
  /** Examples read, which is the number of outputs written. */
  examples: number;
  seconds: number;
  /** Inputs that were cut, or skipped (their output is blank), because they were too long. */
  truncated?: number;
  skipped?: number;
}

/** What `tasks` and `init` need to know about a task. */
export interface TaskInfo {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly metrics: readonly string[];
  readonly recipes: readonly string[];
  readonly configSchema: z.ZodType;
  /** The values `s2s init` writes where they differ from the schema's defaults. */
  readonly starterConfig?: Readonly<Record<string, unknown>>;
}

/** The library as the commands see it; each function loads what it needs when it is called. */
export interface Library {
  train(options: TrainOptions): Promise<TrainResult>;
  evaluate(options: EvaluateOptions): Promise<EvaluateResult>;
  /** Reads the input and writes the output itself. */
  decode(options: DecodeOptions): Promise<DecodeSummary>;
  tasks(): Promise<readonly TaskInfo[]>;
  /** Times large matrix products for about `seconds`. */
  measureSpeed(engine: Exclude<EngineOption, 'auto'>, threads: number, seconds: number): Promise<{ gflops: number }>;
}
