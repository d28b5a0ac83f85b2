// A weighted log-likelihood of tokens, made chunk by chunk together with its gradients: no N×V matrix is ever whole.
import {
  add,
  customGrad,
  gather,
  matMul,
  mul,
  range,
  reshape,
  scalar,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
  unsortedSegmentSum,
  zerosLike,
} from '../ops.js';
import { safeLog } from './safe-log.js';
import { scan } from './scan.js';

type Save = (tensors: Tensor[]) => void;

/**
 * `Σ w·log p(y)` under `p = softmax(hidden · embeddingᵀ)`. Its weights are known before it is evaluated, so the gradients are made
 * in the same pass over the vocabulary, while the probabilities of a chunk of tokens are still in the cache:
 * `d hidden = w·(E[y] − P·E)` and `dE = scatter(w·h, y) − Pᵀ(w·h)`. No gradient reaches the weights.
 * @param hidden `[C·M, D]`: C chunks of M tokens, M the same at all sizes
 * @param embedding output embedding `[V, D]`
 * @param targets int32 `[C, M]`
 * @param weights `[C, M]`, 0 where a chunk is filled up
 * @returns scalar
 */
export function weightedLogLikelihood(hidden: Tensor, embedding: Tensor, targets: Tensor, weights: Tensor): Tensor {
  const [chunks, size] = targets.shape as [number, number];
  const [classes, width] = embedding.shape as [number, number];
  const count = chunks * size;
  const op = customGrad((...args: (Tensor | Save)[]) => {
    const [h, e, save] = args as [Tensor, Tensor, Save];
    // [N]
    const y = reshape(targets, [count]);
    const weighted = mul(h, reshape(weights, [count, 1]));
    const inChunks = (x: Tensor): Tensor => reshape(x, [chunks, size, width]);
    // [M]: where in the flattened probabilities of a chunk each token's begin
    const begins = mul(range(size), scalar(classes, 'int32'));
    const { states, outputs } = scan({
      // −(Pᵀ(w·h))ᵀ so far; lying down, because that product is the quicker one
      initial: [zerosLike(transpose(e))],
      sequences: [inChunks(h), inChunks(weighted), targets],
      constants: [e],
      step([gradient], [hc, wc, yc], [matrix]) {
        const [h, w, y, e] = [hc, wc, yc, matrix] as [Tensor, Tensor, Tensor, Tensor];
        // [M, V]
        const p = softmax(matMul(h, e, false, true));
        return {
          states: [sub(gradient as Tensor, matMul(w, p, true, false))],
          outputs: [gather(reshape(p, [size * classes]), add(begins, y) as never), matMul(p, e)],
        };
      },
    });
    const [probability, expected] = outputs as [Tensor, Tensor];
    const value = sum(mul(weights, safeLog(probability)));
    const toHidden = mul(sub(gather(e, y as never), reshape(expected, [count, width])), reshape(weights, [count, 1]));
    const toEmbedding = add(unsortedSegmentSum(weighted, y as never, classes), transpose(states[0] as Tensor));
    save([toHidden, toEmbedding]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => saved.map((gradient) => mul(gradient, dy));
    return { value, gradFunc };
  });
  return op(hidden, embedding);
}
