// Depthwise convolution over time with its gradients.
import {
  add,
  concat,
  customGrad,
  gather,
  mul,
  pad,
  reshape,
  slice,
  split,
  sum,
  type Tensor,
  transpose,
} from '../ops.js';
import { isTracing, tf } from '../tfjs.js';

type Save = (tensors: Tensor[]) => void;

/**
 * Convolution of each channel with its own kernel over time, zeros before and behind:
 * `y[b, t, d] = Σᵢ kernel[i, d] · x[b, t + i − (k−1)/2, d]` (as PyTorch's `Conv1d` with `groups = D`, `padding = (k−1)/2`).
 * @param x `[B, S, D]`
 * @param kernel `[k, D]`, k odd
 * @returns `[B, S, D]`
 */
export function depthwiseConv(x: Tensor, kernel: Tensor): Tensor {
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [input, weight, save] = args as [Tensor, Tensor, Save];
    save([input, weight]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x, w] = saved as [Tensor, Tensor];
      const size = w.shape[0] as number;
      const backwards = tf.tensor1d(
        Array.from({ length: size }, (_, i) => size - 1 - i),
        'int32',
      );
      return [convolve(dy, gather(w, backwards)), kernelGradient(x, dy, size)];
    };
    return { value: convolve(input, weight), gradFunc };
  });
  return op(x, kernel);
}

/** The convolution alone. @param x `[B, S, D]` @param kernel `[k, D]` */
function convolve(x: Tensor, kernel: Tensor): Tensor {
  const [size, width] = kernel.shape as [number, number];
  if (isTracing()) {
    // [D, 1, k]
    const channelKernels = reshape(transpose(kernel, [1, 0]), [width, 1, size]);
    return transpose(groupedConv(transpose(x, [0, 2, 1]), channelKernels, width, (size - 1) / 2), [0, 2, 1]);
  }
  const taps = split(kernel, size, 0) as Tensor[];
  return shifted(x, size)
    .map((moved, i) => mul(moved, taps[i] as Tensor))
    .reduce((total, term) => add(total, term));
}

/**
 * `dkernel[i, d] = Σ over b and t of dy[b, t, d] · x[b, t + i − (k−1)/2, d]`: for each channel the convolution of x with all
 * of dy as the kernel, where batch entries are input channels and the offsets i are the places of the result.
 */
function kernelGradient(x: Tensor, dy: Tensor, size: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  if (isTracing()) {
    // [1, D·B, S]
    const channels = reshape(transpose(x, [2, 0, 1]), [1, width * batch, length]);
    const places = groupedConv(channels, transpose(dy, [2, 0, 1]), width, (size - 1) / 2);
    return transpose(reshape(places, [width, size]), [1, 0]);
  }
  return concat(
    shifted(x, size).map((moved) => reshape(sum(mul(dy, moved), [0, 1]), [1, width])),
    0,
  );
}

/** x as each of the kernel's taps sees it. @param x `[B, S, D]` */
function shifted(x: Tensor, size: number): Tensor[] {
  const margin = (size - 1) / 2;
  const padded = pad(x, [
    [0, 0],
    [margin, margin],
    [0, 0],
  ]);
  return Array.from({ length: size }, (_, i) => slice(padded, [0, i, 0], x.shape));
}

/**
 * ONNX's convolution of the last axis, which exists in traces only.
 * @param x `[N, groups·C, L]` @param kernel `[groups·M, C, k]` @returns `[N, groups·M, L + 2·margin − k + 1]`
 */
function groupedConv(x: Tensor, kernel: Tensor, groups: number, margin: number): Tensor {
  return tf.engine().runKernel('S2sGroupedConv', { x, kernel }, { groups, margin } as never) as Tensor;
}
