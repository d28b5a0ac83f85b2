// The logarithm of a probability that may have underflowed.
import { log, maximum, type Tensor } from '../ops.js';

/** A probability is never taken to be less than this, so that its logarithm stays finite. */
const TINY = 1e-37;

/** log of a probability, which stays finite; there is no gradient where it has underflowed. */
export const safeLog = (probability: Tensor): Tensor => log(maximum(probability, TINY));
