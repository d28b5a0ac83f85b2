// A short speed check: how fast an engine multiplies large matrices here.
import { createEngine } from './create.js';
import type { EngineName } from './names.js';
import { matMul, type Tensor } from './ops.js';
import type { HostTensor, Program } from './types.js';

/** Side of the square matrices: large enough to reach an engine's peak, small enough for the plain JavaScript one. */
const SIDE: Readonly<Record<EngineName, number>> = { onnxruntime: 2048, tensorflow: 2048, cpu: 256 };

/** A product whose result is reduced to one row, so that fetching it costs nothing. */
function productProgram(side: number): Program {
  const square = { shape: [side, side], dtype: 'float32' } as const;
  return {
    name: 'matrix-product',
    variables: { left: square, right: square },
    inputs: { row: { shape: [1, side], dtype: 'float32' } },
    body({ left, right }, { row }) {
      return { outputs: { result: matMul(row as Tensor, matMul(left as Tensor, right as Tensor)) } };
    },
  };
}

/**
 * Times large matrix products.
 * @param seconds how long to measure, after one product to warm up
 * @returns the best rate seen, in 10⁹ floating-point operations a second
 * @throws EngineError when the engine is not there
 */
export async function measureSpeed(name: EngineName, threads: number, seconds: number): Promise<{ gflops: number }> {
  const engine = await createEngine(name, threads);
  try {
    const side = SIDE[name];
    const matrix = (rows: number): HostTensor => ({
      shape: [rows, side],
      data: Float32Array.from({ length: rows * side }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5),
    });
    await engine.write({ left: matrix(side), right: matrix(side) });
    const executable = await engine.compile(productProgram(side));
    const row = matrix(1);
    await executable.run({ row });
    const end = performance.now() + seconds * 1000;
    let best = 0;
    do {
      const started = performance.now();
      await executable.run({ row });
      best = Math.max(best, (2 * side ** 3) / ((performance.now() - started) * 1e6));
    } while (performance.now() < end);
    return { gflops: best };
  } finally {
    await engine.dispose();
  }
}
