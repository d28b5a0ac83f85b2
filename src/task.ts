// What a task is: a small adapter that turns its data into sequences and back. The core knows tasks only through this.
import type { z } from 'zod';
import type { FeaturesConfig } from './audio/config.js';
import type { Audio, Features } from './audio/types.js';
import type { BatchingConfig } from './data/config.js';
import type { Corpus, RawRow } from './data/corpus.js';
import type { ModelExample } from './data/examples.js';
import type { OutputGrammar } from './data/output-grammar.js';
import type { SourceSequence } from './data/sequences.js';
import type { DecodingConfig, FrameDecodingConfig } from './decode/config.js';
import type { Scorer } from './metrics/metric.js';
import type { ModelSection } from './model/config.js';
import type { VocabularySizes } from './model/parameters.js';
import type { Random } from './random.js';
import type { TrainingConfig } from './train/config.js';

/** The sections that every task's configuration has. */
export interface RunConfig {
  readonly task: string;
  readonly seed: number;
  /** Each split as the task describes one. */
  readonly data: { readonly train: object; readonly valid: object; readonly test?: object | undefined };
  readonly batching: BatchingConfig;
  readonly model: ModelSection;
  /** The CTC loss on the encoder, for tasks that may have one. */
  readonly ctc?: { readonly weight: number } | undefined;
  /** The CTC loss on the decoder, for tasks whose target is sound and that may have one. */
  readonly targetCtc?: { readonly weight: number } | undefined;
  readonly training: TrainingConfig;
  readonly decoding: DecodingConfig | FrameDecodingConfig;
}

/** What a task needs beside its configuration to open files. */
export interface TaskContext {
  /** Folder for what can be made again: decompressed files, features. */
  readonly cacheDir: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Shows no progress. */
  readonly quiet?: boolean | undefined;
  /** Takes notes and warnings. */
  readonly log?: ((line: string) => void) | undefined;
}

/** A piece of a source that is decoded by itself. */
export interface Piece {
  /** As {@link Codec.encodeSource} reads it. */
  readonly line: string;
  /** Seconds from the beginning of the source. */
  readonly start: number;
  /** Seconds of silence between its sound and that of the next piece, where outputs are sounds. */
  readonly pause?: number;
}

/** A recording and its spectrogram. */
export interface Recording extends Audio {
  readonly logMel: Features;
}

/** What a codec does with outputs that are sounds. */
export interface SoundCodec {
  /** Hz, of everything that is made audible. */
  readonly sampleRate: number;
  /** Samples from frame to frame. */
  readonly hop: number;
  /** How spectrograms are made. */
  readonly features: FeaturesConfig;
  /** Whose voices the model has learned; empty for a model of one voice. */
  readonly speakers: readonly string[];
  /** The line to decode that a row of a split stands for, where that is more than its source. */
  lineOf?(row: RawRow): string;
  /** The number of the voice that a line to decode asks for. @throws DataError for one that the model has not learned */
  speakerOf(line: string): number;
  /** The text of a line that says more than that; the line itself where there is no such method. */
  textOf?(line: string): string;
  /** The spectrogram that frames as the model writes them stand for. @param data `[frames, F]` */
  logMel(data: Float32Array, frames: number): Features;
  /** The sound of a spectrogram, in about [−1, 1]. */
  audible(logMel: Features): Promise<Float32Array>;
  /** What a row's target names. */
  recording(line: string): Promise<Recording>;
}

/** A word of an output, and the tokens it is made of. */
export interface WordSpan {
  readonly word: string;
  readonly firstToken: number;
  readonly lastToken: number;
}

/** A task's vocabularies at work: text ↔ token ids. */
export interface Codec {
  readonly vocabulary: VocabularySizes;
  /** Files to keep in the run's `vocab/` folder, name → text. */
  files(): Record<string, string>;
  /** Source and target of a training row, tokens each with their stop token. @param random absent outside training */
  encodeRow(row: RawRow, random?: Random): ModelExample | Promise<ModelExample>;
  /**
   * The source of a line to decode, tokens with their stop token.
   * @param folder that a path in the line starts from; the working folder unless told
   */
  encodeSource(line: string, folder?: string): SourceSequence | Promise<SourceSequence>;
  /** Whether the tokens of a target may come in any order: it is learned in the order that the model finds most likely. */
  readonly hasFreeOrder?: boolean;
  /** What the output of a source line may look like, for tasks that know; anything where it is undefined. */
  grammar?(line: string): OutputGrammar | undefined;
  /** What of a source line the vocabulary lacks, for tasks that tell; it is decoded with the unknown token in its place. */
  unknown?(line: string): string[];
  /** The pieces that a long source is to be decoded in; undefined or one piece for a source that is to stay whole. */
  pieces?(line: string, folder?: string): Promise<Piece[] | undefined>;
  /** The output line of decoded tokens. @param source whose words the tokens may be, where they can be copied */
  decodeOutput(tokens: Int32Array, source?: SourceSequence): string;
  /** How a vocabulary spells tokens, for people to read. @param source as in {@link decodeOutput} */
  tokenNames(side: 'source' | 'target', tokens: Int32Array, source?: SourceSequence): string[];
  /** Seconds of sound an encoder position stands for, where the source is sound. */
  readonly secondsPerPosition?: number;
  /** What is done with outputs that are sounds; absent for tasks whose outputs are text. */
  readonly sounds?: SoundCodec;
  /** The words of an output, for tasks that tell when each was said. */
  words?(tokens: Int32Array): WordSpan[];
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
  /** Opens a split, whose paths are absolute. @throws DataError when it cannot be used */
  openCorpus(config: Config, split: object, context: TaskContext): Promise<Corpus>;
  /** Learns vocabularies from the training rows, or takes those that the configuration names. */
  createCodec(config: Config, rows: () => AsyncIterable<RawRow>, baseDir: string, context: TaskContext): Promise<Codec>;
  /** The codec of an existing run. @param read reads a file of its `vocab/` folder as text */
  restoreCodec(config: Config, read: (name: string) => Promise<string>, context: TaskContext): Promise<Codec>;
  /** The lines to decode of a file that is not a list of sources, such as a manifest; undefined for one that is. */
  inputLines?(config: Config, path: string): Promise<string[] | undefined>;
  /**
   * The line to decode that asks for the reply to turns, for tasks that have turns.
   * @param turns by a person and the model alternately, the person's last
   */
  chatLine?(turns: readonly string[]): string;
  /** Collects scores of outputs that are text; absent for tasks whose outputs are sounds. @param metrics names; the configuration's own when absent */
  createScorer?(config: Config, metrics?: readonly string[]): Scorer;
}
