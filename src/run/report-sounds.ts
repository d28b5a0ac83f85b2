// What a report shows of a model whose outputs are sounds: validation rows spoken, beside their recordings.

import { melCepstralDistortion } from '../audio/compare/mcd.js';
import { encodeWav } from '../audio/synthesis/wav-out.js';
import type { RawRow } from '../data/corpus.js';
import { resolveModelConfig } from '../model/config.js';
import { frameSettings } from '../model/frame-decoder.js';
import { diagonality } from '../report/attention.js';
import type { ReportAttention, ReportSound } from '../report/types.js';
import type { OpenedRun } from './open.js';
import { SoundDecoder, type SpokenLine, type SpokenPiece, soundsOf } from './sound-decoder.js';
import type { ReportOptions } from './types.js';

/** Everything that is shown of some rows. */
export interface ShownSounds {
  readonly sounds: ReportSound[];
  readonly attention: ReportAttention[];
  readonly checkpoint: string;
  readonly notes: string[];
}

/** Of the one piece that a line was spoken in. */
function diagonalityOf({ source, written: { attention } }: SpokenPiece): string | undefined {
  if (!attention || attention.length === 0) return undefined;
  return fixed(diagonality(attention, attention.length / source.length, source.length), 2);
}

const fixed = (value: number, digits: number): string => value.toFixed(digits);

/** Speaks rows and gathers what is shown of them. */
export async function soundsOfRows(
  run: OpenedRun,
  rows: readonly RawRow[],
  options: ReportOptions,
): Promise<ShownSounds> {
  const sounds = soundsOf(run);
  const decoder = await SoundDecoder.open(run, options, options.checkpoint);
  try {
    const spoken = await decoder.speak(
      rows.map((row) => sounds.lineOf?.(row) ?? row.source),
      {
        onLong: 'truncate',
        origin: (index) => rows[index]?.origin ?? 'validation',
        signal: options.signal,
        log: options.log,
      },
    );
    const shown: ReportSound[] = [];
    const attention: ReportAttention[] = [];
    for (const [i, line] of spoken.entries()) {
      const row = rows[i] as RawRow;
      const title = row.transcript ?? row.source;
      shown.push(await soundOf(run, row, line, title));
      const [piece] = line.pieces;
      if (line.pieces.length === 1 && piece?.written.attention) attention.push(attentionOf(run, piece, title));
    }
    return { sounds: shown, attention, checkpoint: decoder.label, notes: [] };
  } finally {
    await decoder.close();
  }
}

/** One row: its recording, the recording's spectrogram made audible, and the output. */
async function soundOf(run: OpenedRun, row: RawRow, line: SpokenLine, title: string): Promise<ReportSound> {
  const sounds = soundsOf(run);
  const { features, sampleRate, hop } = sounds;
  const recording = await sounds.recording(row.target);
  const wav = (samples: Float32Array): Uint8Array => encodeWav(samples, sampleRate).bytes;
  const seconds = line.samples.length / sampleRate;
  const true_ = recording.samples.length / sampleRate;
  const [piece] = line.pieces;
  const diagonal = piece && diagonalityOf(piece);
  return {
    title,
    secondsPerFrame: hop / sampleRate,
    lowFreq: features.lowFreq,
    highFreq: features.highFreq,
    target: recording.logMel,
    predicted: line.logMel,
    audio: [
      { name: 'recording', wav: wav(recording.samples) },
      { name: 'recording through the vocoder', wav: wav(await sounds.audible(recording.logMel)) },
      { name: 'output', wav: wav(line.samples) },
    ],
    facts: [
      ...(line.logMel.frames > 0
        ? [{ name: 'MCD', value: `${fixed(melCepstralDistortion(recording.logMel, line.logMel).distortion, 2)} dB` }]
        : []),
      { name: 'length', value: `${fixed(seconds, 2)} s (recording ${fixed(true_, 2)} s)` },
      ...(diagonal === undefined ? [] : [{ name: 'diagonality', value: diagonal }]),
    ],
    ...(line.finished ? {} : { remark: 'The output did not stop by itself and was cut.' }),
  };
}

/** Where the walking heads looked, by the second. */
function attentionOf(run: OpenedRun, { source, written }: SpokenPiece, title: string): ReportAttention {
  const { hop, sampleRate } = soundsOf(run);
  const { reduction } = frameSettings(resolveModelConfig(run.config.model));
  const weights = written.attention as Float32Array;
  const perPosition = (reduction * hop) / sampleRate;
  const seconds = run.codec.secondsPerPosition ?? 1;
  const times = (count: number, step: number) => Array.from({ length: count }, (_, i) => (i * step).toFixed(2));
  return {
    title,
    source: source instanceof Int32Array ? run.codec.tokenNames('source', source) : times(source.length, seconds),
    target: times(weights.length / source.length, perPosition),
    layers: 1,
    heads: 1,
    weights,
  };
}
