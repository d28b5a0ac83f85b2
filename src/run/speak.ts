// `decode` for tasks whose outputs are sounds: lines in, a folder of sounds out.
import { dirname } from 'node:path';
import { UsageError } from '../errors.js';
import { createProgress } from '../logging/progress.js';
import { inGroups, type LineInput } from './lines.js';
import type { OpenedRun } from './open.js';
import { SoundDecoder, soundsOf, speakingSettings } from './sound-decoder.js';
import { openSoundFolder } from './sound-folder.js';
import type { DecodeOptions, DecodeSummary } from './types.js';

/** Batches gathered before decoding: sorting their lines by length saves padding. */
const BATCHES_PER_GROUP = 4;

/** @throws UsageError for options that mean nothing to outputs that are sounds */
export function checkSpeakOptions({ config }: OpenedRun, options: DecodeOptions): void {
  speakingSettings(config, options);
  const { output, scores, attention } = options;
  if (output === '-') {
    throw new UsageError(`${config.task} writes sounds: name a folder for them with --output`);
  }
  // --json is no mistake: the report on standard output is JSON then, which is as useful here.
  const foreign = Object.entries({ scores, attention }).find(([, value]) => value);
  if (foreign) {
    throw new UsageError(
      `--${foreign[0]} is for outputs that are text, but ${config.task} writes sounds; leave it out`,
    );
  }
}

/** Speaks every line of an input into a folder. */
export async function speakLines(run: OpenedRun, input: LineInput, options: DecodeOptions): Promise<DecodeSummary> {
  const started = performance.now();
  const { signal, log, output: path } = options;
  const sounds = soundsOf(run);
  const { sampleRate } = sounds;
  const folder = await openSoundFolder(
    path,
    sampleRate,
    options.mels ?? false,
    run.task.source === 'audio' ? 'source' : 'text',
  );
  let examples = 0;
  let samples = 0;
  let clipped = 0;
  try {
    const decoder = await SoundDecoder.open(run, options, options.checkpoint);
    const progress = createProgress({ quiet: (options.quiet ?? false) || input.streams, label: 'decode', every: 100 });
    try {
      for await (const group of inGroups(input, decoder.settings.batchSize * BATCHES_PER_GROUP)) {
        const spoken = await decoder.speak(group, {
          onLong: options.onLong ?? 'error',
          onBad: options.onBad,
          folder: options.input === '-' ? undefined : dirname(options.input),
          origin: (index) => `${input.name}:${examples + index + 1}`,
          onDone: (finished) => progress.update(examples + finished),
          signal,
          log,
        });
        for (const line of spoken) {
          clipped += await folder.add(line, sounds.textOf?.(line.source) ?? line.source);
          samples += line.samples.length;
        }
        examples += group.length;
      }
      await folder.finish();
    } finally {
      progress.stop();
      await decoder.close();
    }
    if (clipped > 0) log?.(`warning: ${clipped} samples were too loud for a WAV file and were cut`);
    const { truncated, skipped, unreadable, unfinished } = decoder;
    return {
      examples,
      seconds: (performance.now() - started) / 1000,
      secondsOfSound: samples / sampleRate,
      ...(truncated > 0 ? { truncated } : {}),
      ...(skipped > 0 ? { skipped } : {}),
      ...(unreadable > 0 ? { unreadable } : {}),
      ...(unfinished > 0 ? { unfinished } : {}),
    };
  } catch (error) {
    await folder.abandon();
    throw error;
  }
}
