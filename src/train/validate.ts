// Validation: loss of the held-out split under teacher forcing, and the task's metrics on its decoded sources.
import { fixedBatches } from '../data/batches.js';
import { type Corpus, listed, type RawRow } from '../data/corpus.js';
import {
  type EncodeOptions,
  loadFrames,
  type ModelExample,
  type RowAction,
  RowReport,
  targetTokensOf,
  unitOf,
} from '../data/examples.js';
import { NAMED_EXAMPLES } from '../data/scan.js';
import { cutSource, type SourceSequence } from '../data/sequences.js';
import { beamSettings, searchSettings } from '../decode/config.js';
import { generate } from '../decode/generate.js';
import { bestThreshold } from '../decode/relevance.js';
import { TransformerDecoder } from '../decode/session.js';
import type { Engine, Executable } from '../engine/types.js';
import type { MetricScore, Scorer } from '../metrics/metric.js';
import { targetVocabularySize } from '../model/parameters.js';
import { THRESHOLDS } from '../model/relevance.js';
import type { Codec, RunConfig } from '../task.js';
import { EOS } from '../text/special-tokens.js';
import { targetTokens, tokenBatch } from './batch.js';
import { frameStatistics, frameValidationBatch, frameValidationProgram } from './frame-validation.js';
import { batchingWithin, decodingWithin, longestSource } from './limits.js';
import { relevanceBatch, relevanceValidation } from './objectives/binary-relevance.js';
import { averageName, validationProgram } from './programs.js';
import type { TrainingSetup } from './setup.js';

/** What one validation measured. */
export interface ValidationResult {
  /** Mean negative log-likelihood of a target token, in nats; for frames the loss of training without what guides it. */
  readonly loss: number;
  /** Further means over the target: perplexity and accuracy of tokens, distances of frames, the diagonality of attention. */
  readonly statistics: Readonly<Record<string, number>>;
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
  skippedShort: 'left out of the loss because a side is too short for its target of a CTC loss',
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Means over target tokens, by the sums over all batches. */
function tokenMeans(sums: Readonly<Record<string, number>>, tokens: number): Record<string, number> {
  const names = { correct: 'accuracy', ctc: 'ctcLoss', diagonality: 'diagonality' };
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, shown]) =>
      sums[name] === undefined ? [] : [[shown, (sums[name] as number) / tokens]],
    ),
  );
}

/** How held-out rows become examples: those that would stop training are left out. */
export function heldOutEncoding(config: RunConfig, codec: Codec): EncodeOptions<ModelExample> {
  const batching = batchingWithin(config);
  return {
    encode: (row) => codec.encodeRow(row),
    batching: {
      ...batching,
      onLong: batching.onLong === 'error' ? 'skip' : batching.onLong,
      onBlank: batching.onBlank === 'error' ? 'skip' : batching.onBlank,
    },
    endId: EOS,
    load: loadFrames,
  };
}

/** What was done with rows that do not count as they are, a line each. */
export const rowRemarks = (report: RowReport): string[] =>
  report
    .warnings()
    .map(
      ({ action, count, examples }) => `${counted(count, 'row')} ${ROW_ACTIONS[action]}: ${listed(examples, count)}`,
    );

/** A row and its source; undefined for a blank one. */
interface Encoded {
  readonly row: RawRow;
  readonly encoded: SourceSequence | undefined;
}

/** Validates the parameters on the engine, or their moving average where one is kept. */
export class Validator {
  private readonly bind: (name: string) => string;
  private compiled: Promise<Executable> | undefined;
  private decoder: TransformerDecoder | undefined;
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
    this.encoding = heldOutEncoding(config, codec);
    const averaged = setup.emaDecay > 0;
    this.bind = (name) => (averaged && name in parameters ? averageName(name) : name);
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
      if (this.setup.vocabulary.relevance) await this.tuneThresholds(signal);
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

  /** Chooses the threshold of each token by the examples to validate with, and puts them among the parameters. */
  private async tuneThresholds(signal: AbortSignal | undefined): Promise<void> {
    const size = targetVocabularySize(this.setup.vocabulary);
    const logits = Array.from({ length: size }, () => [] as number[]);
    const isTrue = Array.from({ length: size }, () => [] as boolean[]);
    const { relevance } = this.transformer();
    for await (const { examples } of fixedBatches(this.corpus, this.encoding)) {
      signal?.throwIfAborted();
      const scores = await relevance?.score(examples.map(({ source }) => source));
      examples.forEach((example, row) => {
        const target = targetTokensOf(example);
        for (let id = 0; id < size; id++) {
          logits[id]?.push(scores?.logits[row * size + id] as number);
          isTrue[id]?.push(target.includes(id));
        }
      });
    }
    const data = Float32Array.from(logits, (own, id) => bestThreshold(own, isTrue[id] as boolean[]));
    const names = new Set([THRESHOLDS, this.bind(THRESHOLDS)]);
    await this.engine.write(Object.fromEntries([...names].map((name) => [name, { shape: [size], data }])));
  }

  /** The model as it stands, ready to decode. */
  private transformer(): TransformerDecoder {
    const { parameters, model } = this.setup;
    const { vocabulary } = this.codec;
    this.decoder ??= new TransformerDecoder(
      this.engine,
      { config: model, parameters, vocabulary },
      { bind: this.bind },
    );
    return this.decoder;
  }

  private async loss(signal: AbortSignal | undefined, warn: Log) {
    const { setup } = this;
    const craft = setup.objective?.kind === 'frames' ? setup.objective : undefined;
    const { relevance } = setup.vocabulary;
    const program = () =>
      craft ? frameValidationProgram(setup, craft) : relevance ? relevanceValidation(setup) : validationProgram(setup);
    this.compiled ??= this.engine.compile(program(), { bind: this.bind });
    const executable = await this.compiled;
    const report = new RowReport(this.corpus.size);
    const sums: Record<string, number> = {};
    let positions = 0;
    for await (const batch of fixedBatches(this.corpus, this.encoding, report)) {
      signal?.throwIfAborted();
      const inputs = craft
        ? frameValidationBatch(setup, batch, this.config.seed)
        : relevance
          ? relevanceBatch(setup, batch.examples, 1)
          : tokenBatch(batch.examples, 1, setup.ctcWeight > 0);
      for (const [name, { data }] of Object.entries(await executable.run(inputs))) {
        sums[name] = (sums[name] ?? 0) + (data[0] ?? Number.NaN);
      }
      positions += targetTokens(batch.examples);
    }
    for (const remark of rowRemarks(report)) warn(remark);
    if (craft) return { loss: (sums.loss as number) / positions, statistics: frameStatistics(sums, positions) };
    const loss = (sums.negativeLogLikelihood as number) / positions;
    if (relevance) return { loss, statistics: {} };
    return { loss, statistics: { perplexity: Math.exp(loss), ...tokenMeans(sums, positions) } };
  }

  /** Decodes all sources and scores the outputs. */
  private async decode(scorer: Scorer, signal: AbortSignal | undefined, warn: Log) {
    const samples: Sample[] = [];
    let group: Encoded[] = [];
    const flush = async (): Promise<void> => {
      const outputs = await this.outputs(group, signal);
      group.forEach(({ row: { source, target: reference, references = [reference] } }, i) => {
        const output = outputs[i] as string;
        scorer.add(output, references);
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
      group.push({ row, encoded });
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
  private async outputs(group: readonly Encoded[], signal: AbortSignal | undefined) {
    const { decoding, training } = this.config;
    const settings = decodingWithin(this.config, beamSettings(searchSettings(decoding), training.validationBeam));
    const present = group.filter(({ encoded }) => encoded !== undefined);
    const sources = present.map(({ encoded }) => encoded as SourceSequence);
    const grammars = present.map(({ row }) => this.codec.grammar?.(row.source));
    const found = await generate(this.transformer(), sources, settings, { signal, grammars });
    const texts = found.map(([best], i) => (best ? this.codec.decodeOutput(best.tokens, sources[i]) : ''));
    return group.map(({ encoded }) => (encoded === undefined ? '' : (texts.shift() ?? '')));
  }
}
