// Window functions.

/** Windows of Kaldi (symmetric), and the periodic Hann window of librosa and torchaudio. */
export type WindowType = 'povey' | 'hamming' | 'hanning' | 'rectangular' | 'blackman' | 'periodicHann';

/** The window's values. */
export function windowValues(type: WindowType, length: number): Float64Array {
  const angle = (2 * Math.PI) / (type === 'periodicHann' ? length : length - 1);
  const hann = (i: number): number => 0.5 - 0.5 * Math.cos(angle * i);
  const value: Record<WindowType, (i: number) => number> = {
    povey: (i) => hann(i) ** 0.85,
    hanning: hann,
    periodicHann: hann,
    hamming: (i) => 0.54 - 0.46 * Math.cos(angle * i),
    blackman: (i) => 0.42 - 0.5 * Math.cos(angle * i) + 0.08 * Math.cos(2 * angle * i),
    rectangular: () => 1,
  };
  return Float64Array.from({ length }, (_, i) => value[type](i));
}
