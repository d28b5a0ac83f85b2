// Location-aware attention: energies that see where the step before looked (Chorowski et al., 2015).
import { scan } from '../engine/fused/scan.js';
import {
  add,
  cast,
  concat,
  customGrad,
  equal,
  matMul,
  mul,
  onesLike,
  pad,
  range,
  reshape,
  slice,
  softmax,
  type Tensor,
  transpose,
} from '../engine/ops.js';

type Save = (tensors: Tensor[]) => void;

/**
 * Attention weights `α(t) = softmax(e(t) + mask)`, whose energies add to those given a correlation of the weights of the step
 * before with a kernel of the step: `e(t,s) = energies(t,s) + Σ_w kernels(t,w)·α(t−1, s + w − (W−1)/2)`; outside the source α is
 * 0. This is the location-aware attention of Chorowski et al. (2015, "Attention-Based Models for Speech Recognition") in
 * dot-product form: there a filter's response is projected and added to query and key, here the query makes the filter.
 * Before the first step the weight is all on the first position ({@link locationAwareStart}), which, unlike an even spread,
 * says which way a source is read and does not depend on its length or padding.
 * @param energies `[N, T, S]`
 * @param kernels `[N, T, W]`, W odd and fixed
 * @param mask additive, broadcastable to `[N, T, S]`: 0 at positions, `MASKED` at padding
 * @returns `[N, T, S]`
 */
export function locationAwareWeights(energies: Tensor, kernels: Tensor, mask?: Tensor): Tensor {
  const [rows, , length] = energies.shape as [number, number, number];
  const masked = mask ? add(energies, mask) : energies;
  const { outputs } = scan({
    initial: [locationAwareStart(rows, length)],
    sequences: [transpose(masked, [1, 0, 2]), transpose(kernels, [1, 0, 2])],
    step: ([previous], [energy, kernel]) => {
      const weights = locationAwareStep(energy as Tensor, kernel as Tensor, previous as Tensor);
      return { states: [weights], outputs: [weights] };
    },
  });
  return transpose(outputs[0] as Tensor, [1, 0, 2]);
}

/** The weights before the first step: all on the first position. @returns `[N, S]` */
export function locationAwareStart(rows: number, length: number): Tensor {
  const isFirst = cast(equal(reshape(range(length), [1, length]), 0), 'float32');
  return mul(isFirst, onesLike(cast(reshape(range(rows), [rows, 1]), 'float32')));
}

/**
 * One step of {@link locationAwareWeights}.
 * @param energies `[N, S]`
 * @param kernel `[N, W]`, W odd and fixed
 * @param previous the weights of the step before `[N, S]`
 * @param mask additive, broadcastable to `[N, S]`
 * @returns `[N, S]`
 */
export function locationAwareStep(energies: Tensor, kernel: Tensor, previous: Tensor, mask?: Tensor): Tensor {
  const total = add(energies, correlate(previous, kernel));
  return softmax(mask ? add(total, mask) : total);
}

/** `y(n,s) = Σ_w kernel(n,w)·x(n, s + w − (W−1)/2)`. @param x `[N, S]` @param kernel `[N, W]` @returns `[N, S]` */
function correlate(x: Tensor, kernel: Tensor): Tensor {
  const [rows, length] = x.shape as [number, number];
  const width = kernel.shape[1] as number;
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, weight, save] = args as [Tensor, Tensor, Save];
    // [N, W, S] and [N, 1, W]
    const seen = windows(input, width);
    const filter = reshape(weight, [rows, 1, width]);
    save([seen, filter]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [seen, filter] = saved as [Tensor, Tensor];
      // What w places before an output added to it receives from w places behind: the same windows in the other order.
      const dx = matMul(filter, windows(dy, width, true));
      const dKernel = matMul(reshape(dy, [rows, 1, length]), seen, false, true);
      return [reshape(dx, [rows, length]), reshape(dKernel, [rows, width])];
    };
    return { value: reshape(matMul(filter, seen), [rows, length]), gradFunc };
  });
  return op(x, kernel);
}

/** x as each of a kernel's places sees it. @param x `[N, S]` @returns `[N, W, S]` */
function windows(x: Tensor, width: number, isReversed = false): Tensor {
  const [rows, length] = x.shape as [number, number];
  const margin = (width - 1) / 2;
  const padded = pad(reshape(x, [rows, 1, length]), [
    [0, 0],
    [0, 0],
    [margin, margin],
  ]);
  const places = Array.from({ length: width }, (_, w) => slice(padded, [0, 0, w], [rows, 1, length]));
  return concat(isReversed ? places.reverse() : places, 1);
}
