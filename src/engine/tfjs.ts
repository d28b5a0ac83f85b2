// The one place that loads tfjs: its ops, its gradients and our custom kernels' names.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';

const require = createRequire(import.meta.url);

/** Finds the gradient bundle that the build makes, from the sources as well as from `dist`. */
function gradientBundle(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (dirname(folder) !== folder) {
    for (const candidate of [join(folder, 'vendor'), join(folder, 'dist', 'vendor')]) {
      const file = join(candidate, 'tfjs-gradients.cjs');
      if (existsSync(file)) return file;
    }
    folder = dirname(folder);
  }
  throw new EngineError('the tfjs gradient bundle is missing; run `npm run build`');
}

// Production mode only silences tfjs's advice and its warnings about duplicate registrations.
tf.env().set('PROD', true);

// tfjs-core registers no gradients by itself. Its registries are global, so this copy's gradients serve ours.
if (!tf.getGradient('BatchMatMul')) require(gradientBundle());

export { tf };

/** Name of the recording backend. */
export const TRACE_BACKEND = 's2s-trace';

/** Whether ops are being recorded rather than computed. */
export function isTracing(): boolean {
  return tf.getBackend() === TRACE_BACKEND;
}
