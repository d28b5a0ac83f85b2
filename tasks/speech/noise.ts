// Recordings of noise, at whatever rate an utterance has.
import { readAudio } from '../../src/audio/io/read.js';
import { resample } from '../../src/audio/resample.js';

/** Reads noise files when they are first needed, and keeps them for each sample rate. */
export class NoiseFiles {
  private readonly byRate = new Map<number, Promise<Float32Array[]>>();

  constructor(private readonly files: readonly string[]) {}

  /** The recordings at a rate in Hz. @throws DataError when a file cannot be read */
  at(sampleRate: number): Promise<Float32Array[]> {
    const known = this.byRate.get(sampleRate);
    if (known) return known;
    const made = Promise.all(
      this.files.map(async (path) => {
        const audio = await readAudio({ path });
        return resample(audio.samples, audio.sampleRate, sampleRate);
      }),
    );
    this.byRate.set(sampleRate, made);
    return made;
  }
}
