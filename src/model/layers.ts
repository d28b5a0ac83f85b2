// The sublayers a Transformer is made of: linear maps, normalisation, residual connections, feed-forward.
import { layerNorm, rmsNorm } from '../engine/fused/layer-norm.js';
import { relu } from '../engine/fused/relu.js';
import { add, erf, matMul, mul, sigmoid, type Tensor } from '../engine/ops.js';
import type { Scope } from './scope.js';

/** `x · W + b`. @param x `[N, from]` @returns `[N, to]` */
export function linear(scope: Scope, name: string, x: Tensor): Tensor {
  return add(matMul(x, scope.parameter(`${name}.weight`)), scope.parameter(`${name}.bias`));
}

/** The configured normalisation. @param x `[N, D]` */
export function normalize(scope: Scope, name: string, x: Tensor): Tensor {
  const scale = scope.parameter(`${name}.scale`);
  return scope.config.norm === 'rms' ? rmsNorm(x, scale) : layerNorm(x, scale, scope.parameter(`${name}.bias`));
}

/**
 * A sublayer with residual connection, dropout and normalisation: `x + f(norm(x))` (pre-norm, Xiong et al., 2020)
 * or `norm(x + f(x))` (post-norm, Vaswani et al., 2017).
 */
export function residual(scope: Scope, normName: string, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const { normPosition, dropout } = scope.config;
  if (normPosition === 'pre') return add(x, scope.drop(f(normalize(scope, normName, x)), dropout));
  return normalize(scope, normName, add(x, scope.drop(f(x), dropout)));
}

/** The normalisation after the last layer, which only pre-norm models have. */
export function finalNorm(scope: Scope, name: string, x: Tensor): Tensor {
  return scope.config.normPosition === 'pre' ? normalize(scope, name, x) : x;
}

/** Gaussian error linear unit, exact form (Hendrycks & Gimpel, 2016): `x · Φ(x)`. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}

/** Position-wise feed-forward: ReLU, GELU or SwiGLU (Shazeer, 2020). @param x `[N, D]` */
export function feedForward(scope: Scope, name: string, x: Tensor): Tensor {
  const { activation, activationDropout } = scope.config;
  // [N, feedForwardDim]
  const inner = linear(scope, `${name}.inner`, x);
  const active = (): Tensor => {
    if (activation === 'relu') return relu(inner);
    if (activation === 'gelu') return gelu(inner);
    return mul(mul(inner, sigmoid(inner)), linear(scope, `${name}.gate`, x));
  };
  return linear(scope, `${name}.outer`, scope.drop(active(), activationDropout));
}
