// A loaded model with its engine: lines in, hypotheses out.
import { type DecodingConfig, decodingConfigSchema } from '../decode/config.js';
import { generate } from '../decode/generate.js';
import type { Hypothesis } from '../decode/search/frontier.js';
import { TransformerDecoder } from '../decode/session.js';
import { createEngine } from '../engine/create.js';
import type { Engine, HostTensor } from '../engine/types.js';
import { DataError, UsageError } from '../errors.js';
import { EOS } from '../text/special-tokens.js';
import { loadModel, type OpenedRun } from './open.js';
import type { DecodingOverrides, RunSettings } from './types.js';

/** What to do with a source over the length limit. */
export type OnLong = 'error' | 'truncate' | 'skip';

/** One decoded line. */
export interface DecodedLine {
  readonly source: string;
  /** Best first; empty for a blank or skipped source. */
  readonly outputs: readonly { readonly text: string; readonly score: number; readonly finished: boolean }[];
}

/** The run's decoding settings with the caller's changes. @throws UsageError when they do not fit together */
export function decodingSettings(config: DecodingConfig, overrides: DecodingOverrides): DecodingConfig {
  const { beam, nBest, lengthPenalty, maxLength, minLength, noRepeatNgram, batchSize } = overrides;
  const given = Object.fromEntries(
    Object.entries({ beam, nBest, lengthPenalty, maxLength, minLength, noRepeatNgram, batchSize }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const result = decodingConfigSchema.safeParse({ ...config, ...given });
  if (result.success) return result.data;
  throw new UsageError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
}

/** A model ready to decode lines. */
export class LineDecoder {
  truncated = 0;
  skipped = 0;

  private constructor(
    private readonly run: OpenedRun,
    private readonly engine: Engine,
    private readonly decoder: TransformerDecoder,
    private readonly maxSource: number,
    readonly settings: DecodingConfig,
    readonly label: string,
  ) {}

  /** Loads the run's model. @param checkpoint as in `--checkpoint` */
  static async open(
    run: OpenedRun,
    settings: RunSettings & DecodingOverrides,
    checkpoint?: string,
  ): Promise<LineDecoder> {
    const decoding = decodingSettings(run.config.decoding, settings);
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
    const { maxSourceLength, maxTokens } = run.config.batching;
    const learned = model.config.positions === 'learned' ? model.config.maxPositions : Number.POSITIVE_INFINITY;
    return new LineDecoder(
      run,
      engine,
      decoder,
      Math.min(maxSourceLength ?? maxTokens, learned),
      decoding,
      model.label,
    );
  }

  /**
   * Decodes lines; as many results as lines, in their order. A blank line gives a blank output.
   * @param origin names line i for messages
   * @throws DataError for a source over the length limit when `onLong` is `error`
   */
  async decode(
    lines: readonly string[],
    onLong: OnLong,
    origin: (index: number) => string,
    options: {
      onDone?: (finished: number) => void;
      signal?: AbortSignal | undefined;
      log?: (line: string) => void;
    } = {},
  ): Promise<DecodedLine[]> {
    const encoded: { index: number; ids: Int32Array }[] = [];
    lines.forEach((line, index) => {
      if (line.trim() === '') return;
      const ids = this.fit(this.run.codec.encodeSource(line), onLong, () => origin(index), options.log);
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

  private fit(
    ids: Int32Array,
    onLong: OnLong,
    origin: () => string,
    log?: (line: string) => void,
  ): Int32Array | undefined {
    if (ids.length <= this.maxSource) return ids;
    const what = `${origin()}: the source has ${ids.length} tokens, but the model was trained on at most ${this.maxSource}`;
    if (onLong === 'error') {
      throw new DataError(`${what}; shorten it, or choose --on-long truncate or --on-long skip`);
    }
    if (onLong === 'skip') {
      this.skipped += 1;
      log?.(`warning: ${what}; its output is blank`);
      return undefined;
    }
    this.truncated += 1;
    log?.(`warning: ${what}; it is cut`);
    const cut = ids.slice(0, this.maxSource);
    cut[this.maxSource - 1] = EOS;
    return cut;
  }

  async close(): Promise<void> {
    await this.decoder.dispose();
    await this.engine.dispose();
  }
}
