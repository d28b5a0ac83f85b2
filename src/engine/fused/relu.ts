// The rectifier with a gradient that needs only its result.
import { cast, customGrad, greater, mul, relu as plainRelu, type Tensor } from '../ops.js';

type Save = (tensors: Tensor[]) => void;

/**
 * Rectified linear unit (Nair & Hinton, 2010): `max(x, 0)`. Its gradient is read off the result, so that the input need
 * not be kept and an engine may compute both it and the matrix product before it in one operation.
 */
export function relu(x: Tensor): Tensor {
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, save] = args as [Tensor, Save];
    const value = plainRelu(input);
    save([value]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor => mul(dy, cast(greater(saved[0] as Tensor, 0), 'float32'));
    return { value, gradFunc };
  });
  return op(x);
}
