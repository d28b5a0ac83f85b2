// The optional engine on @tensorflow/tfjs-node: loaded only when asked for, with the repairs it needs on newer Node.
import { createRequire } from 'node:module';
import { createEagerEngine } from './eager.js';
import type { Engine } from './types.js';

/**
 * tfjs-node 4.22 calls helpers that Node 23 removed from `node:util`; give them back before it loads.
 */
function restoreUtilHelpers(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** Loads tfjs-node, which registers the `tensorflow` backend. */
export async function createTensorflowEngine(): Promise<Engine> {
  restoreUtilHelpers();
  // Its C++ library writes notes about the processor to standard error, which is for what the user should know.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  // Not a dependency: the name is kept out of the compiler's sight.
  const name: string = '@tensorflow/tfjs-node';
  await import(name);
  return createEagerEngine('tensorflow', 'tensorflow');
}
