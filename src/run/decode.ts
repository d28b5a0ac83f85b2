// The library's `decode`: lines in, lines out, in order.
import { dirname } from 'node:path';
import { UsageError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import { type DecodedLine, decodingSettings, LineDecoder } from './decoder.js';
import { givenLines, inGroups, openLines } from './lines.js';
import { type OpenedRun, openRun } from './open.js';
import { openOutput } from './output.js';
import type { OutputAttention } from './outputs.js';
import { checkSpeakOptions, speakLines } from './speak.js';
import type { DecodeOptions, DecodeSummary } from './types.js';

/** Batches gathered before decoding: sorting their lines by length saves padding. */
const BATCHES_PER_GROUP = 8;

/** Attention with its weights as nested lists `[layer][head][target][source]`. */
function attentionAsJson({ source, target, layers, heads, weights }: OutputAttention) {
  const cut = (from: number, sizes: readonly number[]): unknown => {
    const [size, ...rest] = sizes as [number, ...number[]];
    const step = rest.reduce((product, x) => product * x, 1);
    return Array.from({ length: size }, (_, i) =>
      rest.length === 0 ? Number((weights[from + i] as number).toFixed(4)) : cut(from + i * step, rest),
    );
  };
  return { source, target, layers, heads, weights: cut(0, [layers, heads, target.length, source.length]) };
}

/** One input line's output, as the options ask for it. */
function render({ source, outputs }: DecodedLine, index: number, options: DecodeOptions, nBest: number): string {
  if (options.json) {
    const shown = outputs.map((output) =>
      output.attention ? { ...output, attention: attentionAsJson(output.attention) } : output,
    );
    return `${JSON.stringify({ index, source, outputs: shown })}\n`;
  }
  const lines = Array.from({ length: nBest }, (_, i) => {
    const output = outputs[i];
    const text = output?.text ?? '';
    return options.scores ? `${output ? output.score.toFixed(6) : ''}\t${text}` : text;
  });
  return `${lines.join('\n')}\n`;
}

/** @throws UsageError for options that contradict each other, or mean nothing to outputs that are text */
function checkTextOptions({ config }: OpenedRun, options: DecodeOptions): void {
  decodingSettings(config, options);
  if (options.attention && !options.json) {
    throw new UsageError('--attention needs --json: text has no room for it');
  }
  const foreign = Object.entries({ speed: options.speed, mels: options.mels }).find(([, value]) => value !== undefined);
  if (foreign) {
    throw new UsageError(
      `--${foreign[0]} is for outputs that are sounds, but ${config.task} writes text; leave it out`,
    );
  }
}

/**
 * Decodes a file or a stream: one output line for every input line (n-best: n lines for every input line), in order; for tasks whose
 * outputs are sounds, a folder with a WAV file for every input line and a manifest.
 * @throws DataError for unusable input; an output file is then not touched
 */
export async function decode(options: DecodeOptions): Promise<DecodeSummary> {
  const started = performance.now();
  const { signal, log } = options;
  // Everything that is quickly found wrong is found before the model is loaded.
  const run = await openRun(options.run);
  if (run.codec.sounds) checkSpeakOptions(run, options);
  else checkTextOptions(run, options);
  const isFile = options.input !== '-';
  const listed = isFile ? await run.task.inputLines?.(run.config, options.input) : undefined;
  const input = listed ? givenLines(options.input, listed) : await openLines(options.input, signal);
  let examples = 0;
  try {
    if (run.codec.sounds) return await speakLines(run, input, options);
    const output = await openOutput(options.output);
    try {
      const decoder = await LineDecoder.open(run, options, options.checkpoint);
      const { batchSize, nBest } = decoder.settings;
      const progress = createProgress({
        quiet: (options.quiet ?? false) || input.streams,
        label: 'decode',
        every: 1000,
      });
      try {
        for await (const group of inGroups(input, batchSize * BATCHES_PER_GROUP)) {
          const results = await decoder.decode(group, {
            onLong: options.onLong ?? 'error',
            onBad: options.onBad,
            times: options.json ?? false,
            attention: options.attention ?? false,
            copied: options.json ?? false,
            folder: isFile ? dirname(options.input) : undefined,
            origin: (index) => `${input.name}:${examples + index + 1}`,
            onDone: (finished) => progress.update(examples + finished),
            signal,
            log,
          });
          await output.write(results.map((result, i) => render(result, examples + i, options, nBest)).join(''));
          examples += group.length;
        }
        await output.finish();
      } finally {
        progress.stop();
        await decoder.close();
      }
      const { truncated, skipped, unreadable } = decoder;
      return {
        examples,
        seconds: (performance.now() - started) / 1000,
        ...(truncated > 0 ? { truncated } : {}),
        ...(skipped > 0 ? { skipped } : {}),
        ...(unreadable > 0 ? { unreadable } : {}),
      };
    } catch (error) {
      await output.abandon();
      throw error;
    }
  } finally {
    await input.close();
  }
}
