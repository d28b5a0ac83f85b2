// Recordings and reference numbers for the tests of synthesis.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readAudio } from '../../../../src/audio/io/read.js';

const root = new URL('../../../../', import.meta.url);

/** Samples of a recording in the fixtures, 8 kHz. */
export async function recording(name: string): Promise<Float32Array> {
  const path = fileURLToPath(new URL(`fixtures/speech-recognition/audio/${name}`, root));
  return (await readAudio({ path })).samples;
}

interface SpectrogramCase {
  readonly file: string;
  readonly config: { convention: 'tacotron2' | 'hifigan' };
  readonly shape: readonly [number, number];
  readonly rows: Readonly<Record<string, readonly number[]>>;
}

interface SilenceCase {
  readonly file: string;
  readonly topDb: number;
  readonly frameLength: number;
  readonly hopLength: number;
  readonly bounds: readonly [number, number];
}

interface GriffinLimCase {
  readonly fftSize: number;
  readonly hopLength: number;
  readonly windowLength: number;
  readonly momentum: number;
  readonly iterations: number;
  readonly length: number;
  readonly norm: number;
  readonly step: number;
  readonly samples: readonly number[];
  readonly convergence: number;
  readonly random: readonly [number, number];
}

/** Numbers of librosa and PyTorch. */
export const expected = JSON.parse(
  readFileSync(fileURLToPath(new URL('tests/reference/griffin-lim/expected.json', root)), 'utf8'),
) as {
  spectrograms: readonly SpectrogramCase[];
  silences: readonly SilenceCase[];
  griffinLim: { file: string; cases: readonly GriffinLimCase[] };
};

/** Length of the difference in relation to the length of what is expected. */
export function relativeDistance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    difference += ((found[i] ?? Number.NaN) - (wanted[i] as number)) ** 2;
    size += (wanted[i] as number) ** 2;
  }
  return Math.sqrt(difference / size);
}
