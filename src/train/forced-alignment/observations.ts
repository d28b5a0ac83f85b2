// What the hidden Markov model sees of a spectrogram: loudness, the shape of the spectrum, and how both change.

/** Cepstral coefficients beside the loudness, where there are enough bands. */
const CEPSTRA = 13;

/** Frames on either side that a change is measured over. */
const REACH = 2;

/** Numbers of a frame's observation. @param features of a frame */
export const observationSize = (features: number): number => 2 * (1 + Math.min(CEPSTRA, features - 1));

/** Rows of the orthonormal discrete cosine transform, without the first. @returns `[K, F]` */
function cosines(count: number, features: number): Float64Array {
  const scale = Math.sqrt(2 / features);
  return Float64Array.from({ length: count * features }, (_, i) => {
    const [k, band] = [Math.floor(i / features) + 1, i % features];
    return scale * Math.cos((Math.PI / features) * k * (band + 0.5));
  });
}

/**
 * Observations of log-mel frames: their mean, cepstral coefficients 1 to 13, and the slopes of all these over five frames, as
 * recognisers of the hidden Markov kind see speech (Furui, 1986).
 * @param frames at least `[count, features]` @returns `[count, observationSize(features)]`
 */
export function observe(frames: Float32Array, count: number, features: number): Float32Array {
  const width = observationSize(features);
  const half = width / 2;
  const table = cosines(half - 1, features);
  const result = new Float32Array(count * width);
  for (let t = 0; t < count; t++) {
    const from = t * features;
    let sum = 0;
    for (let band = 0; band < features; band++) sum += frames[from + band] as number;
    result[t * width] = sum / features;
    for (let k = 1; k < half; k++) {
      let value = 0;
      const row = (k - 1) * features;
      for (let band = 0; band < features; band++) {
        value += (table[row + band] as number) * (frames[from + band] as number);
      }
      result[t * width + k] = value;
    }
  }
  const at = (t: number, k: number): number => result[Math.min(count - 1, Math.max(0, t)) * width + k] as number;
  let norm = 0;
  for (let n = 1; n <= REACH; n++) norm += 2 * n * n;
  for (let t = 0; t < count; t++) {
    for (let k = 0; k < half; k++) {
      let slope = 0;
      for (let n = 1; n <= REACH; n++) slope += n * (at(t + n, k) - at(t - n, k));
      result[t * width + half + k] = slope / norm;
    }
  }
  return result;
}
