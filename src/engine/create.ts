// Chooses and starts an engine.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { EngineError, UsageError } from '../errors.js';
import { ENGINE_CHOICES, type EngineChoice, type EngineName } from './names.js';
import type { Engine } from './types.js';

const INSTALL: Readonly<Record<Exclude<EngineName, 'cpu'>, string>> = {
  // Its install script only downloads files for GPUs; the CPU library is in the package.
  onnxruntime: 'npm install onnxruntime-node --ignore-scripts',
  tensorflow: 'npm install @tensorflow/tfjs-node',
};

const PACKAGE: Readonly<Record<EngineName, string>> = {
  onnxruntime: 'onnxruntime-node',
  tensorflow: '@tensorflow/tfjs-node',
  cpu: '@tensorflow/tfjs-backend-cpu',
};

const require = createRequire(import.meta.url);

/** Whether the package behind an engine is installed; says nothing about whether it loads. */
function isInstalled(name: EngineName): boolean {
  try {
    require.resolve(PACKAGE[name]);
    return true;
  } catch {
    return false;
  }
}

/** The fastest engine present. */
function fastestPresent(): EngineName {
  return (['onnxruntime', 'tensorflow', 'cpu'] as const).find(isInstalled) ?? 'cpu';
}

/** The default number of threads: the cores this process may use. */
function defaultThreads(): number {
  return availableParallelism();
}

/**
 * Starts an engine.
 * @param choice `auto` picks the fastest one installed.
 * @param threads threads for one operation; only `onnxruntime` can be told.
 * @throws EngineError (exit code 69) with the install command when the engine is not there or does not load.
 */
export async function createEngine(choice: EngineChoice = 'auto', threads = defaultThreads()): Promise<Engine> {
  if (!ENGINE_CHOICES.includes(choice)) {
    throw new UsageError(`unknown engine "${choice}"; expected one of ${ENGINE_CHOICES.join(', ')}`);
  }
  const name = choice === 'auto' ? fastestPresent() : choice;
  if (name === 'cpu') {
    await import('@tensorflow/tfjs-backend-cpu');
    const { createEagerEngine } = await import('./eager.js');
    return createEagerEngine('cpu', 'cpu');
  }
  if (!isInstalled(name)) {
    throw new EngineError(`engine "${name}" is not installed here; install it with: ${INSTALL[name]}`);
  }
  try {
    if (name === 'onnxruntime') {
      const { createOnnxEngine } = await import('./onnx/engine.js');
      return await createOnnxEngine(threads);
    }
    const { createTensorflowEngine } = await import('./tensorflow.js');
    return await createTensorflowEngine();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new EngineError(
      `engine "${name}" is installed but does not start: ${reason}; reinstall it with: ${INSTALL[name]}`,
    );
  }
}
