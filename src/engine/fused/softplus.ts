// Softplus without overflow, with a gradient of its own.
import { abs, add, customGrad, exp, log, maximum, mul, neg, sigmoid, type Tensor } from '../ops.js';

type Save = (tensors: Tensor[]) => void;

/** `log(1 + eˣ)`, computed as `max(x, 0) + log(1 + e^−|x|)`: −log of the probability that a logit −x gives. */
export function softplus(x: Tensor): Tensor {
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, save] = args as [Tensor, Save];
    save([input]);
    const value = add(maximum(input, 0), log(add(exp(neg(abs(input))), 1)));
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]): Tensor => mul(dy, sigmoid(saved[0] as Tensor)) };
  });
  return op(x);
}
