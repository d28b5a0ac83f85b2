// Warpers: what reshapes the model's distribution before a token is drawn. A new one is a function here and a line in createWarpers.
import type { DecodingConfig } from '../config.js';
import type { NextTokens } from './next-tokens.js';

/** The settings that reshape distributions; what is absent changes nothing. */
export type WarperOptions = Pick<
  DecodingConfig,
  'temperature' | 'topK' | 'topP' | 'minP' | 'typicalP' | 'repetitionPenalty'
>;

/**
 * Changes the scores of the tokens that may follow, or drops some of them; never all.
 * @param prefix the tokens generated so far, begin mark excluded; valid only during the call
 */
export type Warper = (tokens: NextTokens, prefix: Int32Array) => void;

/** The warpers that the options ask for, in the order of transformers: each sees what the ones before have left, renormalised. */
export function createWarpers(options: WarperOptions): Warper[] {
  const { repetitionPenalty: penalty, temperature: degree, topK: most, topP: mass, minP: share, typicalP } = options;
  const warpers: Warper[] = [];
  if (penalty !== undefined && penalty !== 1) warpers.push(repetitionPenalty(penalty));
  if (degree !== undefined && degree !== 1) warpers.push(temperature(degree));
  if (most !== undefined) warpers.push(topK(most));
  if (mass !== undefined && mass < 1) warpers.push(topP(mass));
  if (share !== undefined) warpers.push(minP(share));
  if (typicalP !== undefined && typicalP < 1) warpers.push(typical(typicalP));
  return warpers;
}

/**
 * The repetition penalty of CTRL (Keskar et al. 2019) for tokens that the output already contains: a positive score is divided by it, a
 * negative one multiplied, so that above 1 it makes them less probable. Scores here are log-probabilities, which are never positive: p
 * becomes p^penalty before renormalising. That is what transformers does in beam search; in its sampling it takes raw logits, and what
 * those become depends on their arbitrary zero.
 */
export function repetitionPenalty(penalty: number): Warper {
  return ({ count, ids, scores }, prefix) => {
    const repeated = new Set(prefix);
    for (let i = 0; i < count; i++) {
      if (repeated.has(ids[i]!)) scores[i] = scores[i]! > 0 ? scores[i]! / penalty : scores[i]! * penalty;
    }
  };
}

/** Divides the scores: below 1 the distribution becomes sharper, above 1 flatter. */
export function temperature(degree: number): Warper {
  return (tokens) => {
    const { count, scores } = tokens;
    tokens.weigh();
    // The highest score becomes 0, so that it stays finite at any temperature.
    for (let i = 0; i < count; i++) scores[i] = (scores[i]! - tokens.highest) / degree;
  };
}

/** Keeps the `most` most probable tokens (Fan et al. 2018), of equal ones those of the lowest ids. */
export function topK(most: number): Warper {
  return (tokens) => {
    if (most < tokens.count) tokens.keepLowest(negated(tokens), most);
  };
}

/** Keeps the nucleus: the fewest most probable tokens that together have at least this probability (Holtzman et al. 2020). */
export function topP(mass: number): Warper {
  return (tokens) => {
    tokens.weigh();
    tokens.keepLowest(negated(tokens), mass * tokens.total, tokens.weights);
  };
}

/** Scores with the highest first. */
function negated({ count, scores }: NextTokens): Float64Array {
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = -scores[i]!;
  return keys;
}

/** Keeps the tokens that are at least this share as probable as the most probable one (Nguyen et al. 2024). */
export function minP(share: number): Warper {
  return (tokens) => {
    tokens.weigh();
    // The most probable token has the weight 1. A weight is read before what is kept moves to the front, and not moved itself.
    tokens.filter((index) => tokens.weights[index]! >= share);
  };
}

/**
 * Keeps the locally typical tokens (Meister et al. 2023): the fewest whose information −log p is nearest to the entropy of the
 * distribution and that together have at least this probability; of equally near ones those of the lowest ids.
 */
export function typical(mass: number): Warper {
  return (tokens) => {
    tokens.weigh();
    const { count, highest, scores, total, weights } = tokens;
    const logTotal = highest + Math.log(total);
    let entropy = 0;
    for (let i = 0; i < count; i++) {
      if (weights[i]! > 0) entropy += (weights[i]! / total) * (logTotal - scores[i]!);
    }
    const distance = new Float64Array(count);
    for (let i = 0; i < count; i++) distance[i] = Math.abs(logTotal - scores[i]! - entropy);
    tokens.keepLowest(distance, mass * total, weights);
  };
}
