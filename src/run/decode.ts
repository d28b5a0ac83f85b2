// The library's `decode`: lines in, lines out, in order.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createProgress } from '../logging/progress.js';
import { storageError } from '../storage/atomic.js';
import { type DecodedLine, LineDecoder } from './decoder.js';
import { linesOf } from './lines.js';
import { openRun } from './open.js';
import type { DecodeOptions, DecodeSummary } from './types.js';

/** Batches gathered before decoding: sorting them by length saves padding, and a pipe still answers soon. */
const BATCHES_PER_CHUNK = 8;

/** Where outputs go. */
interface Sink {
  write(text: string): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

const stdoutSink: Sink = {
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  finish: async () => undefined,
  abandon: async () => undefined,
};

/** A file that appears under its name only when it is complete. */
function fileSink(file: string): Sink {
  const partial = join(dirname(file), `.${basename(file)}.${process.pid}.s2s-tmp`);
  const stream = createWriteStream(partial);
  let failure: unknown;
  stream.on('error', (error) => {
    failure ??= error;
  });
  const check = (): void => {
    if (failure) throw storageError(failure, 'writing', file);
  };
  return {
    async write(text) {
      check();
      if (!stream.write(text))
        await Promise.race([once(stream, 'drain'), once(stream, 'error')]).catch(() => undefined);
      check();
    },
    async finish() {
      check();
      stream.end();
      if (!stream.closed) await once(stream, 'close').catch(() => undefined);
      check();
      await rename(partial, file);
    },
    async abandon() {
      stream.destroy();
      await rm(partial, { force: true });
    },
  };
}

/** One input line's output, as the options ask for it. */
function render({ source, outputs }: DecodedLine, index: number, options: DecodeOptions, nBest: number): string {
  if (options.json) {
    const list = outputs.map(({ text, score, finished }) => ({ text, score, finished }));
    return `${JSON.stringify({ index, source, outputs: list })}\n`;
  }
  const lines = Array.from({ length: nBest }, (_, i) => {
    const output = outputs[i];
    const text = output?.text ?? '';
    return options.scores ? `${output ? output.score.toFixed(6) : ''}\t${text}` : text;
  });
  return `${lines.join('\n')}\n`;
}

/**
 * Decodes a file or a stream: one output line for every input line (n-best: n lines for every input line), in order.
 * @throws DataError for unusable input; an output file is then not touched
 */
export async function decode(options: DecodeOptions): Promise<DecodeSummary> {
  const started = performance.now();
  const run = await openRun(options.run);
  const decoder = await LineDecoder.open(run, options, options.checkpoint);
  const sink = options.output === '-' ? stdoutSink : fileSink(options.output);
  const name = options.input === '-' ? 'standard input' : options.input;
  const { batchSize, nBest } = decoder.settings;
  const progress = createProgress({
    quiet: (options.quiet ?? false) || options.input === '-',
    label: 'decode',
    every: 1000,
  });
  let examples = 0;
  try {
    let chunk: string[] = [];
    const flush = async (): Promise<void> => {
      const before = examples;
      const results = await decoder.decode(
        chunk,
        options.onLong ?? 'error',
        (index) => `${name}:${before + index + 1}`,
        {
          onDone: (finished) => progress.update(before + finished),
          signal: options.signal,
          ...(options.log ? { log: options.log } : {}),
        },
      );
      for (const [i, result] of results.entries()) await sink.write(render(result, before + i, options, nBest));
      examples += chunk.length;
      chunk = [];
    };
    for await (const line of linesOf(options.input)) {
      chunk.push(line);
      if (chunk.length === batchSize * BATCHES_PER_CHUNK) await flush();
    }
    if (chunk.length > 0) await flush();
    await sink.finish();
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    progress.stop();
    await decoder.close();
  }
  return {
    examples,
    seconds: (performance.now() - started) / 1000,
    ...(decoder.truncated > 0 ? { truncated: decoder.truncated } : {}),
    ...(decoder.skipped > 0 ? { skipped: decoder.skipped } : {}),
  };
}
