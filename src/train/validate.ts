// Validation: loss of the held-out split under teacher forcing, and the task's metrics on its decoded sources.
import { fixedBatches } from '../data/batches.js';
import { type Corpus, listed } from '../data/corpus.js';
import {
  type EncodeOptions,
  loadFrames,
  type ModelExample,
  type RowAction,
  RowReport,
  unitOf,
} from '../data/examples.js';
import { NAMED_EXAMPLES } from '../data/scan.js';
import { cutSource, type SourceSequence } from '../data/sequences.js';
import { beamSettings } from '../decode/config.js';
import { generate } from '../decode/generate.js';
import { TransformerDecoder } from '../decode/session.js';
import type { Engine, Executable } from '../engine/types.js';
import type { MetricScore, Scorer } from '../metrics/metric.js';
import type { Codec, RunConfig } from '../task.js';
import { EOS } from '../text/special-tokens.js';
import { targetTokens, tokenBatch } from './batch.js';
import { batchingWithin, decodingWithin, longestSource } from './limits.js';
import { averageName, validationProgram } from './programs.js';
import type { TrainingSetup } from './setup.js';

/** What one validation measured. */
export interface ValidationResult {
  /** Mean negative log-likelihood of a target token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** Share of target tokens predicted right, given the true ones before. */
  readonly accuracy: number;
  /** CTC loss of the encoder over the number of target tokens, where there is one. */
  readonly ctcLoss?: number;
  /** How diagonal cross-attention is, from 0 to 1, where that is measured. */
  readonly diagonality?: number;
  readonly metrics: Readonly<Record<string, MetricScore>>;
  /** The first few outputs, for logs. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly source: string;
  readonly reference: string;
  readonly output: string;
}

type Log = (line: string) => void;

/** Rows decoded at a time: enough to fill batches of similar length, few enough to keep memory flat. */
const GROUP = 1024;
const SAMPLES = 3;

const ROW_ACTIONS: Readonly<Record<RowAction, string>> = {
  skippedBlank: 'left out of the loss because a side is blank',
  skippedLong: 'left out of the loss because a side is too long',
  truncated: 'cut to the length limit',
  skippedShort: 'left out of the loss because the source is too short for its target',
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Validates the parameters on the engine, or their moving average where one is kept. */
export class Validator {
  private readonly bind: (name: string) => string;
  private compiled: Promise<Executable> | undefined;
  private readonly decoder: TransformerDecoder;
  private readonly encoding: EncodeOptions<ModelExample>;
  /** Whether rows left out or cut have been reported: they are the same at every validation. */
  private hasWarned = false;

  /** @param createScorer absent when only the loss is asked for: nothing is decoded then */
  constructor(
    private readonly engine: Engine,
    private readonly setup: TrainingSetup,
    private readonly codec: Codec,
    private readonly config: RunConfig,
    private readonly corpus: Corpus,
    private readonly createScorer: (() => Scorer) | undefined,
  ) {
    const { parameters } = setup;
    const batching = batchingWithin(config);
    // Rows that would stop training are left out of the loss, and that is said.
    this.encoding = {
      encode: (row) => codec.encodeRow(row),
      batching: {
        ...batching,
        onLong: batching.onLong === 'error' ? 'skip' : batching.onLong,
        onBlank: batching.onBlank === 'error' ? 'skip' : batching.onBlank,
      },
      endId: EOS,
      load: loadFrames,
    };
    const averaged = setup.emaDecay > 0;
    this.bind = (name) => (averaged && name in parameters ? averageName(name) : name);
    this.decoder = new TransformerDecoder(
      engine,
      { config: setup.model, parameters, vocabulary: codec.vocabulary },
      { bind: this.bind },
    );
  }

  /** Sees whether there is anything to validate with. @throws DataError when no row can be used */
  async check(): Promise<void> {
    await fixedBatches(this.corpus, this.encoding).next();
  }

  /**
   * Validates once.
   * @param log takes warnings about rows that are left out or cut, at the first validation
   * @returns undefined when the signal was aborted meanwhile
   */
  async run(signal: AbortSignal | undefined, log: Log): Promise<ValidationResult | undefined> {
    try {
      signal?.throwIfAborted();
      const warn: Log = this.hasWarned ? () => undefined : (line) => log(`warning: validation: ${line}`);
      const loss = await this.loss(signal, warn);
      const rest = this.createScorer
        ? await this.decode(this.createScorer(), signal, warn)
        : { metrics: {}, samples: [] };
      this.hasWarned = true;
      return { ...loss, ...rest };
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined;
      throw error;
    }
  }

  private async loss(signal: AbortSignal | undefined, warn: Log) {
    this.compiled ??= this.engine.compile(validationProgram(this.setup), { bind: this.bind });
    const executable = await this.compiled;
    const report = new RowReport(this.corpus.size);
    let nats = 0;
    let correct = 0;
    let ctc = 0;
    let diagonal: number | undefined;
    let tokens = 0;
    for await (const batch of fixedBatches(this.corpus, this.encoding, report)) {
      signal?.throwIfAborted();
      const result = await executable.run(tokenBatch(batch.examples, 1, this.setup.ctcWeight > 0));
      nats += result.negativeLogLikelihood?.data[0] ?? Number.NaN;
      correct += result.correct?.data[0] ?? Number.NaN;
      ctc += result.ctc?.data[0] ?? 0;
      if (result.diagonality) diagonal = (diagonal ?? 0) + (result.diagonality.data[0] ?? Number.NaN);
      tokens += targetTokens(batch.examples);
    }
    for (const { action, count, examples } of report.warnings()) {
      warn(`${counted(count, 'row')} ${ROW_ACTIONS[action]}: ${listed(examples, count)}`);
    }
    const ctcLoss = this.setup.ctcWeight > 0 ? { ctcLoss: ctc / tokens } : {};
    const diagonality = diagonal === undefined ? {} : { diagonality: diagonal / tokens };
    const loss = nats / tokens;
    return { loss, perplexity: Math.exp(loss), accuracy: correct / tokens, ...ctcLoss, ...diagonality };
  }

  /** Decodes all sources and scores the outputs. */
  private async decode(scorer: Scorer, signal: AbortSignal | undefined, warn: Log) {
    const samples: Sample[] = [];
    let group: { source: string; reference: string; encoded: SourceSequence | undefined }[] = [];
    const flush = async (): Promise<void> => {
      const outputs = await this.outputs(
        group.map(({ encoded }) => encoded),
        signal,
      );
      group.forEach(({ source, reference }, i) => {
        const output = outputs[i] as string;
        scorer.add(output, [reference]);
        if (samples.length < SAMPLES) samples.push({ source, reference, output });
      });
      group = [];
    };
    const limit = longestSource(this.config);
    const cut: string[] = [];
    let unit = 'tokens';
    for await (const row of this.corpus.rows()) {
      const whole = row.source.trim() === '' ? undefined : await this.codec.encodeSource(row.source);
      const isLong = whole !== undefined && whole.length > limit;
      if (isLong) cut.push(row.origin);
      if (isLong) unit = unitOf(whole);
      const encoded = isLong ? cutSource(whole, limit) : whole;
      group.push({ source: row.source, reference: row.target, encoded });
      if (group.length === GROUP) await flush();
    }
    if (group.length > 0) await flush();
    if (cut.length > 0) {
      const what = counted(cut.length, 'source');
      warn(`${what} cut to ${limit} ${unit} before decoding: ${listed(cut.slice(0, NAMED_EXAMPLES), cut.length)}`);
    }
    return { metrics: scorer.results(), samples };
  }

  /** The output text of each source, blank for a blank one. */
  private async outputs(sources: readonly (SourceSequence | undefined)[], signal: AbortSignal | undefined) {
    const { decoding, training } = this.config;
    const settings = decodingWithin(this.config, beamSettings(decoding, training.validationBeam));
    const present = sources.filter((source) => source !== undefined);
    const found = await generate(this.decoder, present, settings, undefined, signal);
    const texts = found.map(([best], i) => (best ? this.codec.decodeOutput(best.tokens, present[i]) : ''));
    return sources.map((source) => (source === undefined ? '' : (texts.shift() ?? '')));
  }
}
