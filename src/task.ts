// What a task is: a small adapter that turns its data into sequences and back. The core knows tasks only through this.
import type { z } from 'zod';
import type { BatchingConfig, SplitConfig } from './data/config.js';
import type { RawRow } from './data/corpus.js';
import type { TokenExample } from './data/examples.js';
import type { DecodingConfig } from './decode/config.js';
import type { Scorer } from './metrics/metric.js';
import type { ModelSection } from './model/config.js';
import type { VocabularySizes } from './model/parameters.js';
import type { Random } from './random.js';
import type { TrainingConfig } from './train/config.js';

/** The sections that every task's configuration has. */
export interface RunConfig {
  readonly task: string;
  readonly seed: number;
  readonly data: { readonly train: SplitConfig; readonly valid: SplitConfig; readonly test?: SplitConfig | undefined };
  readonly batching: BatchingConfig;
  readonly model: ModelSection;
  readonly training: TrainingConfig;
  readonly decoding: DecodingConfig;
}

/** A task's vocabularies at work: text ↔ token ids. */
export interface Codec {
  readonly vocabulary: VocabularySizes;
  /** Files to keep in the run's `vocab/` folder, name → text. */
  files(): Record<string, string>;
  /** Source and target of a training row, each with its stop token. @param random absent outside training */
  encodeRow(row: RawRow, random?: Random): TokenExample;
  /** The source of a line to decode, with its stop token. */
  encodeSource(line: string): Int32Array;
  /** The output line of decoded tokens. */
  decodeOutput(tokens: Int32Array): string;
}

/** A task. */
export interface TaskAdapter<Config extends RunConfig = RunConfig> {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly metrics: readonly string[];
  readonly recipes: readonly string[];
  readonly configSchema: z.ZodType<Config>;
  /** The values `s2s init` writes where they differ from the schema's defaults. */
  readonly starterConfig: Readonly<Record<string, unknown>>;
  /** Learns vocabularies from the training rows, or takes those that the configuration names. */
  createCodec(config: Config, rows: () => AsyncIterable<RawRow>, baseDir: string): Promise<Codec>;
  /** The codec of an existing run. @param read reads a file of its `vocab/` folder as text */
  restoreCodec(config: Config, read: (name: string) => Promise<string>): Promise<Codec>;
  /** Collects scores of outputs. @param metrics names; the configuration's own when absent */
  createScorer(config: Config, metrics?: readonly string[]): Scorer;
}
