// BLEU with sacreBLEU's scores and signatures.
export { BLEU, type BLEUOptions, BLEUStatistics, type Reference } from './bleu.js';
export { type BLEUFormat, type BLEUNumbers, BLEUScore, type SmoothMethod } from './bleu-score.js';
export type { TokenizerName } from './tokenizers.js';
