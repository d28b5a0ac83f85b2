// How scores are written: sacreBLEU's line of text and its JSON.
import { toFixedEven } from './fixed.js';

/** A 95 % confidence interval from resampling: `mean ± halfWidth`. */
export interface Confidence {
  /** Mean score of the resampled corpora. */
  readonly mean: number;
  /** Half the distance between the bounds. */
  readonly halfWidth: number;
}

/** How a score is written. */
export interface ScoreFormat {
  /** Decimals of the score; 2 unless told. */
  width?: number;
  /** Only the score's number (and the interval, if one is given). */
  scoreOnly?: boolean;
  /** The signature after the name: the long one for `true`, the short one for `'short'`, or another text. */
  signature?: boolean | string;
  /** A JSON object instead of a line of text; it always has a signature, the long one unless told. */
  json?: boolean;
  /** Written after the score. */
  confidence?: Confidence | undefined;
}

/** What is written of a score. */
interface Writable {
  readonly name: string;
  readonly score: number;
  readonly signature: string;
  readonly shortSignature: string;
}

/** A number as Python's `repr` writes a float of few decimals: with at least one. */
const pythonFloat = (digits: string): string => {
  const text = String(Number(digits));
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
};

/**
 * A score as sacreBLEU prints it.
 * @param verbose what follows the number, e.g. BLEU's precisions
 */
export function formatScore(score: Writable, verbose: string, format: ScoreFormat = {}): string {
  const { width = 2, scoreOnly = false, json = false, confidence } = format;
  const signature = signatureText(score, format.signature ?? json);
  const digits = toFixedEven(score.score, width);
  // sacreBLEU takes a mean of 0 for no mean at all.
  const interval =
    confidence && confidence.mean > 0
      ? { mean: toFixedEven(confidence.mean, width), halfWidth: toFixedEven(confidence.halfWidth, width) }
      : undefined;
  const between = interval ? `μ = ${interval.mean} ± ${interval.halfWidth}` : '';
  const number = interval ? `${digits} (${between})` : digits;
  if (scoreOnly) return number;
  if (!json) {
    return `${score.name}${signature ? `|${signature}` : ''} = ${number}${verbose ? ` ${verbose}` : ''}`;
  }
  const fields = new Map<string, string>([
    ['name', JSON.stringify(score.name)],
    ['score', pythonFloat(digits)],
    ['signature', JSON.stringify(signature)],
  ]);
  if (interval) {
    fields.set('confidence_mean', pythonFloat(interval.mean));
    fields.set('confidence_var', pythonFloat(interval.halfWidth));
    fields.set('confidence', JSON.stringify(between));
  }
  if (verbose) fields.set('verbose_score', JSON.stringify(verbose));
  for (const field of signature.split('|')) {
    const colon = field.indexOf(':');
    if (colon > 0) fields.set(field.slice(0, colon), JSON.stringify(field.slice(colon + 1)));
  }
  return `{\n${[...fields].map(([key, value]) => ` ${JSON.stringify(key)}: ${value}`).join(',\n')}\n}`;
}

function signatureText({ signature, shortSignature }: Writable, wanted: boolean | string): string {
  if (wanted === true) return signature;
  if (wanted === 'short') return shortSignature;
  return wanted === false ? '' : wanted;
}
