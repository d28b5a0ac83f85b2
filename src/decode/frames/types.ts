// What the two ways of writing frames share.
import type { Engine, Executable, Program } from '../../engine/types.js';
import type { FrameDecodingConfig } from '../config.js';
import type { DecoderModel } from '../decoder-model.js';
import type { WalkingHeads } from './programs.js';

/** What one batch is written with. */
export interface WritingContext {
  readonly engine: Engine;
  readonly model: DecoderModel;
  readonly features: number;
  readonly walking: WalkingHeads;
  readonly settings: FrameDecodingConfig;
  /** Most positions of each output. */
  readonly limits: readonly number[];
  readonly signal: AbortSignal | undefined;
  compiled(name: string, program: () => Program): Promise<Executable>;
}

/** An output before the postnet. */
export interface WrittenOutput {
  /** `[frames, F]` */
  readonly data: Float32Array;
  readonly finished: boolean;
  readonly attention?: Float32Array;
  readonly durations?: Int32Array;
}
