// How well a recogniser understands sounds: its character error rate on outputs, and on what they are measured against.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '../audio/synthesis/wav-out.js';
import type { Audio } from '../audio/types.js';
import { ConfigError } from '../errors.js';
import { createScorer, type MetricScore } from '../metrics/metric.js';
import { LineDecoder } from './decoder.js';
import type { OpenedRun } from './open.js';
import type { RunSettings } from './types.js';

/** The sounds of one text. */
export interface SoundsOfText {
  readonly output: Audio;
  /** The recording's spectrogram made audible again. */
  readonly vocoder: Audio;
  readonly recording: Audio;
}

const NAMES = { output: 'cer', vocoder: 'cerOfVocoder', recording: 'cerOfRecordings' } as const;
const KINDS = Object.keys(NAMES) as (keyof SoundsOfText)[];

/** Seconds; shorter sounds are no speech, and may be less than one frame of a recogniser's features. */
const SHORTEST = 0.05;

/** Texts as they are compared: letters and digits only, in lower case. */
const plain = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim();

/** Keeps sounds as files and has them recognised, so that memory does not grow with them. */
export class Intelligibility {
  private readonly texts: string[] = [];
  private folder: string | undefined;

  /** @throws ConfigError where the run recognises no speech */
  constructor(
    private readonly recognizer: OpenedRun,
    private readonly settings: RunSettings,
  ) {
    if (recognizer.task.source === 'audio' && recognizer.task.target === 'text') return;
    throw new ConfigError(
      `evaluation.recognizer: expected the run of a task from audio to text, found ${recognizer.task.name}`,
    );
  }

  async add(text: string, sounds: SoundsOfText): Promise<void> {
    this.folder ??= await mkdtemp(join(tmpdir(), 's2s-'));
    for (const kind of KINDS) {
      const { samples, sampleRate } = sounds[kind];
      if (samples.length < SHORTEST * sampleRate) continue;
      await writeFile(this.path(kind, this.texts.length), encodeWav(samples, sampleRate).bytes);
    }
    this.texts.push(text);
  }

  private path(kind: keyof SoundsOfText, index: number): string {
    return join(this.folder ?? '', `${kind}-${index}.wav`);
  }

  /** Character error rates, as fractions. An output without sound, or hardly any, counts as an empty transcript. */
  async results(): Promise<Record<string, MetricScore>> {
    const { engine, threads, quiet, signal, log } = this.settings;
    const decoder = await LineDecoder.open(this.recognizer, {
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
      ...(quiet === undefined ? {} : { quiet }),
    });
    try {
      const results: Record<string, MetricScore> = {};
      for (const kind of KINDS) {
        const paths = this.texts.map((_text, i) => this.path(kind, i));
        const lines = paths.map((path) => (existsSync(path) ? path : ''));
        const found = await decoder.decode(lines, {
          onLong: 'truncate',
          origin: (index) => `${NAMES[kind]} of text ${index + 1}`,
          signal,
          log,
        });
        const scorer = createScorer(['cer'], { tokenize: 'none', lowercase: false });
        found.forEach(({ outputs }, i) => {
          scorer.add(plain(outputs[0]?.text ?? ''), [plain(this.texts[i] as string)]);
        });
        results[NAMES[kind]] = scorer.results().cer as MetricScore;
      }
      return results;
    } finally {
      await decoder.close();
    }
  }

  /** Removes the files. */
  async close(): Promise<void> {
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }
}
