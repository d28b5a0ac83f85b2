// A Transformer as a search sees it: batches of sentences decoded step by step on an engine.

import { withinVocabulary } from '../data/extended-vocabulary.js';
import type { SourceSequence } from '../data/sequences.js';
import { MASKED } from '../engine/fused/attention.js';
import type { CompileOptions, Engine, Executable, HostTensor, Program } from '../engine/types.js';
import { EngineError } from '../errors.js';
import type { ModelConfig } from '../model/config.js';
import { alignmentShape, initialAlignment } from '../model/cross-attention.js';
import { targetVocabularySize } from '../model/parameters.js';
import { BOS, EOS, PAD, UNK } from '../text/special-tokens.js';
import { CopyMerger, copyableSources, copySourceInput } from './copy.js';
import { copySharesProgram } from './copy-programs.js';
import type { DecoderModel } from './decoder-model.js';
import {
  alignmentNames,
  attentionProgram,
  decodingStep,
  encodingProgram,
  pastNames,
  samplingStep,
  sentenceNames,
} from './programs.js';
import { RelevanceScorer } from './relevance.js';
import type { Candidates, DecodingSession } from './search/model.js';
import { sourceInputs } from './source-batch.js';

/** Steps that the self-attention caches hold at first; doubled whenever they are full. */
const INITIAL_STEPS = 16;

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
interface DrawnTokens {
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
  /** For models that decide each token by itself. */
  readonly relevance: RelevanceScorer | undefined;

  /** @param options how parameters are found: constants to pre-pack, or stored variables that may still change. */
  constructor(
    private readonly engine: Engine,
    private readonly model: DecoderModel,
    private readonly options: CompileOptions = {},
  ) {
    if (model.vocabulary.relevance) this.relevance = new RelevanceScorer(engine, model, options);
  }

  /** V. */
  private get generated(): number {
    return targetVocabularySize(this.model.vocabulary);
  }

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
    const { generated } = this;
    const { config } = this.model;
    const inputs = sourceInputs(sources);
    const { ctcLogProbs } = await (await this.encoder(withCtc)).run(inputs);
    const shape = [sources.length, config.heads, INITIAL_STEPS * beam, config.modelDim / config.heads];
    const empty = (): HostTensor => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    await this.engine.write(Object.fromEntries(pastNames(config).map((name) => [name, empty()])));
    const alignment = alignmentShape<number>(config, sources.length, beam, inputs.source?.shape[1] as number);
    if (alignment) {
      const names = alignmentNames(config);
      await this.engine.write(Object.fromEntries(names.map((name) => [name, initialAlignment(alignment)])));
    }
    const ctc = ctcLogProbs ? perSource(ctcLogProbs, sources) : [];
    const copies = config.copy ? new CopyMerger(copyableSources(sources), generated, beam) : undefined;
    return new TransformerSession(this.engine, config, generated, sources.length, beam, ctc, copies, {
      best: (top) =>
        this.step(`${beam}/${top}`, () => decodingStep(config, this.model.parameters, generated, beam, top)),
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
      target: { shape: [1, output.length], data: decoderInput(output, this.generated) },
    });
    const { shape, data } = weights as HostTensor;
    return { layers: shape[0] as number, heads: shape[2] as number, weights: data as Float32Array };
  }

  /**
   * How much of the probability of each token of a source's outputs came from copying it, from 0 to 1.
   * @param outputs token ids of the extended vocabulary; all of them in one run
   */
  async copyShares(source: SourceSequence, outputs: readonly Int32Array[]): Promise<Float32Array[]> {
    const { config, parameters, vocabulary } = this.model;
    const beam = outputs.length;
    const executable = await this.step(`copies/${beam}`, () => copySharesProgram(config, parameters, vocabulary, beam));
    const length = Math.max(1, ...outputs.map((output) => output.length));
    const tensor = (rows: readonly Int32Array[]): HostTensor => {
      const data = new Int32Array(beam * length).fill(PAD);
      rows.forEach((row, k) => {
        data.set(row, k * length);
      });
      return { shape: [1, beam, length], data };
    };
    const { shares } = await executable.run({
      ...sourceInputs([source]),
      copySource: copySourceInput(copyableSources([source])),
      target: tensor(outputs.map((output) => decoderInput(output, this.generated))),
      plain: tensor(outputs.map((output) => withinVocabulary(output, this.generated, UNK))),
      copyTarget: tensor(outputs),
    });
    const data = shares?.data as Float32Array;
    return outputs.map((output, k) => data.slice(k * length, k * length + output.length));
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

/** What the decoder reads while it produces an output, which is the output one place later. @param size of the vocabulary */
function decoderInput(output: Int32Array, size: number): Int32Array {
  return Int32Array.of(BOS, ...withinVocabulary(output, size, UNK)).subarray(0, output.length);
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
  readonly vocabularySize: number;
  private position = 0;
  private capacity = INITIAL_STEPS;
  /** `[B, K, C]`: 0 at ancestors' slots, elsewhere {@link MASKED}. */
  private ancestry: Float32Array;

  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    /** V: tokens that can be generated; the vocabulary may have words of the sources besides. */
    private readonly generated: number,
    public sentences: number,
    readonly beam: number,
    readonly ctc: readonly CtcLogProbs[],
    private readonly copies: CopyMerger | undefined,
    private readonly programs: StepPrograms,
  ) {
    this.vocabularySize = copies?.vocabularySize ?? generated;
    this.ancestry = new Float32Array(sentences * beam * this.capacity * beam).fill(MASKED);
  }

  async step(tokens: Int32Array, parents: Int32Array, top: number | 'all'): Promise<Candidates> {
    const width = top === 'all' ? this.vocabularySize : Math.min(top, this.vocabularySize);
    if (this.copies) return this.copyingStep(this.copies, tokens, parents, width, top === 'all');
    const executable = await this.programs.best(top === 'all' ? 'all' : width);
    const { logProbs, ids, endLogProbs } = await this.run(executable, tokens, parents);
    return {
      width,
      ids: (ids?.data ?? new Int32Array(0)) as Int32Array,
      logProbs: logProbs?.data as Float32Array,
      endLogProbs: endLogProbs?.data as Float32Array,
    };
  }

  /** {@link step} of a model that copies: the generator's best tokens and the source's, merged. */
  private async copyingStep(
    copies: CopyMerger,
    tokens: Int32Array,
    parents: Int32Array,
    width: number,
    isAll: boolean,
  ): Promise<Candidates> {
    const executable = await this.programs.best(isAll || width > this.generated ? 'all' : width);
    const found = await this.run(executable, copies.readable(tokens), parents, { copySource: copies.input() });
    const floats = (name: string) => found[name]?.data as Float32Array;
    const parts = {
      ids: found.ids?.data as Int32Array | undefined,
      logProbs: floats('logProbs'),
      endLogProbs: floats('endLogProbs'),
      sourceLogProbs: floats('sourceLogProbs'),
      copyProbs: floats('copyProbs'),
    };
    return copies.merge(parts, width, isAll);
  }

  async draw(tokens: Int32Array, uniform: Float32Array, temperature: number): Promise<DrawnTokens> {
    const { beam, sentences } = this;
    if (this.copies) throw new EngineError('internal: samples drawn inside the decoding step cannot be copied words');
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
    const alignment = alignmentNames(this.config).length > 0 ? { parents: this.rowsOf(parents) } : {};
    const results = await executable.run(
      {
        ...inputs,
        ...alignment,
        tokens: { shape: [sentences, beam], data: tokens },
        position: { shape: [1], data: Int32Array.of(this.position) },
        ancestry: { shape: [sentences, 1, beam, slots], data: this.ancestry },
      },
      { offset: this.position * beam },
    );
    this.position += 1;
    return results;
  }

  /** The row of the B·K that each row goes on from; before the first step all are alike. */
  private rowsOf(parents: Int32Array): HostTensor {
    const { beam, position, sentences } = this;
    const rows = Int32Array.from({ length: sentences * beam }, (_, row) =>
      position === 0 ? row : row - (row % beam) + (parents[row] as number),
    );
    return { shape: [sentences, beam], data: rows };
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
    this.copies?.keep(sentences);
    await this.engine.gather(sentenceNames(this.config), sentences);
  }
}
