// A Transformer as a search sees it: batches of sentences decoded step by step on an engine.

import type { SourceSequence } from '../data/sequences.js';
import { MASKED } from '../engine/fused/attention.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program, TensorSpec } from '../engine/types.js';
import { EngineError } from '../errors.js';
import type { ModelConfig } from '../model/config.js';
import type { VocabularySizes } from '../model/parameters.js';
import { BOS, EOS } from '../text/special-tokens.js';
import { attentionProgram, decodingStep, encodingProgram, pastNames, samplingStep, sentenceNames } from './programs.js';
import type { Candidates, DecodingSession } from './search/model.js';
import { sourceInputs } from './source-batch.js';

/** Steps that the self-attention caches hold at first; doubled whenever they are full. */
const INITIAL_STEPS = 16;

/** What a {@link TransformerDecoder} decodes with. */
export interface DecoderModel {
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, TensorSpec>>;
  readonly vocabulary: VocabularySizes;
}

/** Log-probabilities of the CTC head for one source. */
export interface CtcLogProbs {
  /** `[positions, V]` */
  readonly logProbs: Float32Array;
  readonly positions: number;
}

/** Cross-attention of one output. */
export interface AttentionWeights {
  readonly layers: number;
  readonly heads: number;
  /** `[L, H, T, S]` */
  readonly weights: Float32Array;
}

/** A session with what the CTC head says of each source it began with; nothing unless asked for. */
export interface SourceSession extends DecodingSession {
  readonly ctc: readonly CtcLogProbs[];
  /**
   * Feeds one token per row and draws the next one of each, each row going on from itself.
   * @param tokens `[B*K]` token ids
   * @param uniform `[B*K]` numbers in [0, 1) that decide
   * @returns the tokens drawn and their log-probabilities at this temperature
   */
  draw(tokens: Int32Array, uniform: Float32Array, temperature: number): Promise<DrawnTokens>;
}

/** `[B*K]` each. */
export interface DrawnTokens {
  readonly ids: Int32Array;
  readonly logProbs: Float32Array;
}

/** What a session runs at each step. */
interface StepPrograms {
  best(top: number | 'all'): Promise<Executable>;
  draw(): Promise<Executable>;
}

/** Decodes with one model on one engine, one batch at a time; compiles what it needs once. */
export class TransformerDecoder {
  private readonly encoders = new Map<boolean, Promise<Executable>>();
  private readonly steps = new Map<string, Promise<Executable>>();

  /** @param options how parameters are found: constants to pre-pack, or stored variables that may still change. */
  constructor(
    private readonly engine: Engine,
    private readonly model: DecoderModel,
    private readonly options: CompileOptions = {},
  ) {}

  private encoder(withCtc: boolean): Promise<Executable> {
    const { config, parameters, vocabulary } = this.model;
    const known = this.encoders.get(withCtc);
    if (known) return known;
    const compiled = this.engine.compile(encodingProgram(config, parameters, vocabulary, withCtc), this.options);
    this.encoders.set(withCtc, compiled);
    return compiled;
  }

  /**
   * Encodes a batch and begins to decode it. Only one session of an engine may be open at a time.
   * @param sources with their stop tokens, or loaded frames
   * @param beam hypotheses per sentence
   * @param withCtc whether to hand out the log-probabilities of the CTC head, which the model must have
   */
  async start(sources: readonly SourceSequence[], beam: number, withCtc = false): Promise<SourceSession> {
    const { config, vocabulary } = this.model;
    const { ctcLogProbs } = await (await this.encoder(withCtc)).run(sourceInputs(sources));
    const shape = [sources.length, config.heads, INITIAL_STEPS * beam, config.modelDim / config.heads];
    const empty = (): HostTensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    await this.engine.write(Object.fromEntries(pastNames(config).map((name) => [name, empty()])));
    const ctc = ctcLogProbs ? perSource(ctcLogProbs, sources) : [];
    return new TransformerSession(this.engine, config, vocabulary.target, sources.length, beam, ctc, {
      best: (top) =>
        this.step(`${beam}/${top}`, () => decodingStep(config, this.model.parameters, vocabulary.target, beam, top)),
      draw: () => this.step(`${beam}/draw`, () => samplingStep(config, this.model.parameters, beam)),
    });
  }

  /**
   * Where the decoder looked while it produced an output.
   * @param output token ids with the stop token; position t is that of predicting token t
   */
  async attention(source: SourceSequence, output: Int32Array): Promise<AttentionWeights> {
    const { config, parameters, vocabulary } = this.model;
    const executable = await this.step('attention', () => attentionProgram(config, parameters, vocabulary));
    const { weights } = await executable.run({
      ...sourceInputs([source]),
      target: { shape: [1, output.length], data: Int32Array.of(BOS, ...output.subarray(0, -1)) },
    });
    const { shape, data } = weights as HostTensor;
    return { layers: shape[0] as number, heads: shape[2] as number, weights: data as Float32Array };
  }

  private step(key: string, program: () => Program): Promise<Executable> {
    let compiled = this.steps.get(key);
    if (!compiled) {
      compiled = this.engine.compile(program(), this.options);
      this.steps.set(key, compiled);
    }
    return compiled;
  }

  /** Releases the compiled programs and the caches. */
  async dispose(): Promise<void> {
    for (const executable of [...this.encoders.values(), ...this.steps.values()]) await (await executable).dispose();
    await this.engine.remove(sentenceNames(this.model.config));
  }
}

/** Each source's part of `[B, S, V]`. */
function perSource({ shape, data }: HostTensor, sources: readonly SourceSequence[]): CtcLogProbs[] {
  const [, length, classes] = shape as [number, number, number];
  return sources.map(({ length: positions }, i) => {
    const start = i * length * classes;
    return { logProbs: (data as Float32Array).subarray(start, start + positions * classes), positions };
  });
}

/**
 * The caches of a batch. Beams are query positions that share a sentence's cache, and each hypothesis sees only the
 * slots of its own ancestors, so a change of parents moves no keys or values.
 */
class TransformerSession implements SourceSession {
  readonly endToken = EOS;
  private position = 0;
  private capacity = INITIAL_STEPS;
  /** `[B, K, C]`: 0 at ancestors' slots, elsewhere {@link MASKED}. */
  private ancestry: Float32Array;

  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    readonly vocabularySize: number,
    public sentences: number,
    readonly beam: number,
    readonly ctc: readonly CtcLogProbs[],
    private readonly programs: StepPrograms,
  ) {
    this.ancestry = new Float32Array(sentences * beam * this.capacity * beam).fill(MASKED);
  }

  async step(tokens: Int32Array, parents: Int32Array, top: number | 'all'): Promise<Candidates> {
    const width = top === 'all' ? this.vocabularySize : Math.min(top, this.vocabularySize);
    const executable = await this.programs.best(top === 'all' ? 'all' : width);
    const { logProbs, ids, endLogProbs } = await this.run(executable, tokens, parents);
    return {
      width,
      ids: (ids?.data ?? new Int32Array(0)) as Int32Array,
      logProbs: logProbs?.data as Float32Array,
      endLogProbs: endLogProbs?.data as Float32Array,
    };
  }

  async draw(tokens: Int32Array, uniform: Float32Array, temperature: number): Promise<DrawnTokens> {
    const { beam, sentences } = this;
    const themselves = Int32Array.from(tokens, (_, row) => row % beam);
    const { ids, logProbs } = await this.run(await this.programs.draw(), tokens, themselves, {
      uniform: { shape: [sentences, beam], data: uniform },
      inverseTemperature: { shape: [], data: Float32Array.of(1 / temperature) },
    });
    return { ids: ids?.data as Int32Array, logProbs: logProbs?.data as Float32Array };
  }

  /** One step: makes room in the caches, lets each row follow its parent, and feeds the tokens. */
  private async run(
    executable: Executable,
    tokens: Int32Array,
    parents: Int32Array,
    inputs: Readonly<Record<string, HostTensor>> = {},
  ): Promise<Record<string, HostTensor>> {
    const { beam, sentences } = this;
    if (this.config.positions === 'learned' && this.position >= this.config.maxPositions) {
      throw new EngineError(
        `the model has learned ${this.config.maxPositions} positions; set the maximum output length to that or less`,
      );
    }
    if (this.position === this.capacity) await this.grow();
    if (this.position > 0) this.follow(parents);
    const slots = this.capacity * beam;
    const results = await executable.run(
      {
        ...inputs,
        tokens: { shape: [sentences, beam], data: tokens },
        position: { shape: [1], data: Int32Array.of(this.position) },
        ancestry: { shape: [sentences, 1, beam, slots], data: this.ancestry },
      },
      { offset: this.position * beam },
    );
    this.position += 1;
    return results;
  }

  /** Row k takes over the ancestors of its parent, and the parent itself. */
  private follow(parents: Int32Array): void {
    const { beam, sentences } = this;
    const slots = this.capacity * beam;
    const before = beam === 1 ? this.ancestry : this.ancestry.slice();
    for (let row = 0; row < sentences * beam; row++) {
      const parent = parents[row] as number;
      const from = (Math.floor(row / beam) * beam + parent) * slots;
      if (beam > 1) this.ancestry.set(before.subarray(from, from + slots), row * slots);
      this.ancestry[row * slots + (this.position - 1) * beam + parent] = 0;
    }
  }

  private async grow(): Promise<void> {
    const { beam, sentences } = this;
    const rows = sentences * beam;
    const before = this.capacity * beam;
    this.capacity *= 2;
    const after = this.capacity * beam;
    const ancestry = new Float32Array(rows * after).fill(MASKED);
    for (let row = 0; row < rows; row++) {
      ancestry.set(this.ancestry.subarray(row * before, (row + 1) * before), row * after);
    }
    this.ancestry = ancestry;
    await this.engine.grow(pastNames(this.config), 2, after);
  }

  async keep(sentences: number[]): Promise<void> {
    const block = this.beam * this.capacity * this.beam;
    const ancestry = new Float32Array(sentences.length * block);
    sentences.forEach((from, to) => {
      ancestry.set(this.ancestry.subarray(from * block, (from + 1) * block), to * block);
    });
    this.ancestry = ancestry;
    this.sentences = sentences.length;
    await this.engine.gather(sentenceNames(this.config), sentences);
  }
}
