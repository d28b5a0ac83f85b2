// Layer normalisation and RMS normalisation with their gradients.
import { add, customGrad, mean, mul, rsqrt, square, sub, sum, type Tensor } from '../ops.js';
import { isTracing, tf } from '../tfjs.js';

type Save = (tensors: Tensor[]) => void;

/** Axes but the last, over which the gradients of scale and bias are summed. */
const leadingAxes = (x: Tensor): number[] => x.shape.slice(0, -1).map((_dim, axis) => axis);

/**
 * Layer normalisation over the last axis (Ba, Kiros & Hinton, 2016): `scale · (x − mean) / √(variance + ε) + bias`.
 * @param x `[…, D]`
 * @param scale `[D]`
 * @param bias `[D]`
 */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, gain, shift, save] = args as [Tensor, Tensor, Tensor, Save];
    const [value, centre, inverse] = isTracing()
      ? (tf
          .engine()
          .runKernel('S2sLayerNorm', { x: input, scale: gain, bias: shift }, { epsilon } as never) as Tensor[])
      : plainLayerNorm(input, gain, shift, epsilon);
    save([input, gain, centre as Tensor, inverse as Tensor]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x, g, m, r] = saved as [Tensor, Tensor, Tensor, Tensor];
      // […, D]
      const normalised = mul(sub(x, m), r);
      const dNormalised = mul(dy, g);
      const projection = mul(normalised, mean(mul(dNormalised, normalised), -1, true));
      const dx = mul(r, sub(sub(dNormalised, mean(dNormalised, -1, true)), projection));
      const axes = leadingAxes(x);
      return [dx, sum(mul(dy, normalised), axes), sum(dy, axes)];
    };
    return { value: value as Tensor, gradFunc };
  });
  return op(x, scale, bias);
}

/** [normalised, mean, 1 / standard deviation] from plain ops. */
function plainLayerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor[] {
  const centre = mean(x, -1, true);
  const centred = sub(x, centre);
  const inverse = rsqrt(add(mean(square(centred), -1, true), epsilon));
  return [add(mul(mul(centred, inverse), scale), bias), centre, inverse];
}

/**
 * Root-mean-square normalisation over the last axis (Zhang & Sennrich, 2019): `scale · x / √(mean(x²) + ε)`.
 * @param x `[…, D]`
 * @param scale `[D]`
 */
export function rmsNorm(x: Tensor, scale: Tensor, epsilon = 1e-6): Tensor {
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, gain, save] = args as [Tensor, Tensor, Save];
    const inverse = rsqrt(add(mean(square(input), -1, true), epsilon));
    save([input, gain, inverse]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x, g, r] = saved as [Tensor, Tensor, Tensor];
      // […, D]
      const normalised = mul(x, r);
      const dNormalised = mul(dy, g);
      const dx = mul(r, sub(dNormalised, mul(normalised, mean(mul(dNormalised, normalised), -1, true))));
      return [dx, sum(mul(dy, normalised), leadingAxes(x))];
    };
    return { value: mul(mul(input, inverse), gain), gradFunc };
  });
  return op(x, scale);
}
