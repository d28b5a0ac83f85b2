// What audio is once it has been read: samples of one channel.

/** One channel of sound. */
export interface Audio {
  /** In [−1, 1] for audio that was not clipped; 16-bit sample s is s / 32768. */
  readonly samples: Float32Array;
  /** Samples a second (Hz). */
  readonly sampleRate: number;
}

/** Audio as a manifest names it: a file, or a part of one. */
export interface AudioSegment {
  readonly path: string;
  /** Seconds from the beginning of the file; the beginning unless told. */
  readonly start?: number | undefined;
  /** Seconds from the beginning of the file; the end of the file unless told. */
  readonly end?: number | undefined;
}

/** A matrix of features, a row a frame. */
export interface Features {
  /** `[frames, dim]`, row after row. */
  readonly data: Float32Array;
  readonly frames: number;
  /** Features a frame. */
  readonly dim: number;
}
