// Reference numbers of other programs, and recordings and spectrograms to compare.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { featuresConfigSchema } from '../../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../../src/audio/features/extractor.js';
import { readAudio } from '../../../../src/audio/io/read.js';
import type { Audio, Features } from '../../../../src/audio/types.js';

interface Encoded {
  readonly frames: number;
  readonly dim: number;
  readonly float32: string;
}

interface Expected {
  readonly warpings: readonly { dim: number; a: number[]; b: number[]; cost: number; path: [number[], number[]] }[];
  readonly recordings: readonly [{ name: string; logMel: Encoded }, { name: string; logMel: Encoded }];
  readonly analysis: Readonly<Record<'sampleRate' | 'fftSize' | 'hop' | 'mels' | 'low' | 'high' | 'floor', number>>;
  readonly cepstra: Readonly<Record<string, readonly number[]>>;
  readonly warped: { readonly distortion: number; readonly path: [number[], number[]] };
  readonly framewise: number;
  readonly pitch: readonly {
    recording: string;
    minFrequency: number;
    maxFrequency: number;
    f0: number[];
    aperiodicity: number[];
    librosaYin: number[];
    librosaPyin: number[];
  }[];
}

const root = new URL('../../../../', import.meta.url);

export const expected = JSON.parse(
  readFileSync(new URL('tests/reference/sound-metrics/expected.json', root), 'utf8'),
) as Expected;

/** The matrix that base64 of single precision stands for. */
export function decoded({ frames, dim, float32 }: Encoded): Features {
  const bytes = Buffer.from(float32, 'base64');
  return { data: Float32Array.from({ length: frames * dim }, (_, i) => bytes.readFloatLE(4 * i)), frames, dim };
}

/** A recording of the fixtures. */
export const recording = (name: string): Promise<Audio> =>
  readAudio({ path: fileURLToPath(new URL(`fixtures/speech-recognition/audio/${name}.wav`, root)) });

/** The spectrogram that the reference numbers were made with. */
export async function logMelOf(samples: Float32Array): Promise<Features> {
  const { sampleRate, fftSize, hop, mels, low, high, floor } = expected.analysis;
  const extractor = await createFeatureExtractor(
    featuresConfigSchema.parse({
      kind: 'logMel',
      sampleRate,
      fftSize,
      frameLength: (1000 * fftSize) / sampleRate,
      frameShift: (1000 * hop) / sampleRate,
      numMelBins: mels,
      lowFreq: low,
      highFreq: high,
      usePower: false,
      logFloor: floor,
      cmvn: 'none',
    }),
  );
  return extractor.extract(samples);
}

/** The first frames of a spectrogram. */
export const firstFrames = ({ data, dim }: Features, frames: number): Features => {
  return { data: data.slice(0, frames * dim), frames, dim };
};

/** The middle one of numbers. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
