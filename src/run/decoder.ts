// A loaded model with its engine: lines in, hypotheses out.
import { type DecodingConfig, decodingConfigSchema } from '../decode/config.js';
import { generate } from '../decode/generate.js';
import type { Hypothesis } from '../decode/search/frontier.js';
import { TransformerDecoder } from '../decode/session.js';
import { createEngine } from '../engine/create.js';
import type { Engine, HostTensor } from '../engine/types.js';
import { DataError, UsageError } from '../errors.js';
import type { RunConfig } from '../task.js';
import { EOS } from '../text/special-tokens.js';
import { decodingWithin, longestSource } from '../train/limits.js';
import { loadModel } from './model.js';
import type { OpenedRun } from './open.js';
import type { DecodingOverrides, RunSettings } from './types.js';

/** How many over-long sources are named; the rest are only counted. */
const NAMED = 5;

/** One decoded line. */
export interface DecodedLine {
  readonly source: string;
  /** Best first; empty for a blank or skipped source. */
  readonly outputs: readonly { readonly text: string; readonly score: number; readonly finished: boolean }[];
}

/** How {@link LineDecoder.decode} treats lines. */
export interface LineOptions {
  /** What to do with a source over the length limit. */
  readonly onLong: 'error' | 'truncate' | 'skip';
  /** Names line i for messages. */
  readonly origin: (index: number) => string;
  /** Called with the number of lines finished so far. */
  readonly onDone?: (finished: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Takes warnings. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The run's decoding settings with the caller's changes. @throws UsageError when they do not fit together */
export function decodingSettings(config: RunConfig, overrides: DecodingOverrides): DecodingConfig {
  const { beam, nBest, lengthPenalty, maxLength, minLength, noRepeatNgram, batchSize } = overrides;
  const given = Object.fromEntries(
    Object.entries({ beam, nBest, lengthPenalty, maxLength, minLength, noRepeatNgram, batchSize }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const result = decodingConfigSchema.safeParse({ ...config.decoding, ...given });
  if (result.success) return decodingWithin(config, result.data);
  throw new UsageError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
}

/** A model ready to decode lines. */
export class LineDecoder {
  /** Sources cut so far because they were too long. */
  truncated = 0;
  /** Sources left out so far because they were too long. */
  skipped = 0;

  private constructor(
    private readonly run: OpenedRun,
    private readonly engine: Engine,
    private readonly decoder: TransformerDecoder,
    readonly settings: DecodingConfig,
    /** Which checkpoint was loaded. */
    readonly label: string,
  ) {}

  /** Loads the run's model. @param checkpoint as in `--checkpoint` */
  static async open(
    run: OpenedRun,
    settings: RunSettings & DecodingOverrides,
    checkpoint?: string,
  ): Promise<LineDecoder> {
    const decoding = decodingSettings(run.config, settings);
    const model = await loadModel(run, checkpoint);
    const engine = await createEngine(settings.engine, settings.threads);
    const specs = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }]: [string, HostTensor]) => [
        name,
        { shape, dtype: 'float32' as const },
      ]),
    );
    const decoder = new TransformerDecoder(
      engine,
      { config: model.config, parameters: specs, vocabularySize: run.codec.vocabulary.target },
      { constants: model.parameters },
    );
    return new LineDecoder(run, engine, decoder, decoding, model.label);
  }

  /**
   * Decodes lines; as many results as lines, in their order. A blank line gives no outputs.
   * @throws DataError for a source over the length limit when `onLong` is `error`
   */
  async decode(lines: readonly string[], options: LineOptions): Promise<DecodedLine[]> {
    const encoded: { index: number; ids: Int32Array }[] = [];
    lines.forEach((line, index) => {
      if (line.trim() === '') return;
      const ids = this.fit(this.run.codec.encodeSource(line), index, options);
      if (ids) encoded.push({ index, ids });
    });
    const results: DecodedLine[] = lines.map((source) => ({ source, outputs: [] }));
    const sources = encoded.map(({ ids }) => ids);
    const found = await generate(this.decoder, sources, this.settings, options.onDone, options.signal);
    encoded.forEach(({ index }, i) => {
      const outputs = (found[i] as Hypothesis[]).map(({ tokens, score, finished }) => ({
        text: this.run.codec.decodeOutput(tokens),
        score,
        finished,
      }));
      results[index] = { source: lines[index] as string, outputs };
    });
    return results;
  }

  /** Applies the length limit to an encoded source. */
  private fit(ids: Int32Array, index: number, { onLong, origin, log }: LineOptions): Int32Array | undefined {
    const limit = longestSource(this.run.config);
    if (ids.length <= limit) return ids;
    const what = `${origin(index)}: the source has ${ids.length} tokens, but the model was trained on at most ${limit}`;
    if (onLong === 'error') {
      throw new DataError(`${what}; shorten it, or choose --on-long truncate or --on-long skip`);
    }
    if (onLong === 'skip') this.skipped += 1;
    else this.truncated += 1;
    const count = this.skipped + this.truncated;
    if (count <= NAMED) log?.(`warning: ${what}; ${onLong === 'skip' ? 'its output is blank' : 'it is cut'}`);
    else if (count === NAMED + 1) log?.('warning: more sources are too long; they are counted, but no longer named');
    if (onLong === 'skip') return undefined;
    const cut = ids.slice(0, limit);
    cut[limit - 1] = EOS;
    return cut;
  }

  async close(): Promise<void> {
    try {
      await this.decoder.dispose();
    } finally {
      await this.engine.dispose();
    }
  }
}
