// How audio is to be read: the shape of raw samples, and which channel.

/** How one number of raw audio is stored: s signed, u unsigned, f floating point, with its bits; `alaw` and `mulaw` are G.711's. */
export type SampleEncoding = 's8' | 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'mulaw';

/** The shape of a file that has no header. */
export interface RawFormat {
  /** Samples a second (Hz), of each channel. */
  readonly sampleRate: number;
  /** Little-endian unless told. */
  readonly endianness?: 'little' | 'big' | undefined;
  /** 16-bit signed unless told. */
  readonly encoding?: Exclude<SampleEncoding, 'f64'> | undefined;
  /** Channels, interleaved; one unless told. */
  readonly channels?: number | undefined;
}

/** How a file is to be read. */
export interface ReadAudioOptions {
  /** The shape of files named `.raw` or `.pcm` and of files of no known format. */
  readonly raw?: RawFormat | undefined;
  /** The mean of all channels (`mix`, unless told), or one of them, counted from 0. */
  readonly channel?: 'mix' | number | undefined;
}
