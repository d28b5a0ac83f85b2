// Loads the parameters of a run's model, ready for an engine.
import { basename } from 'node:path';
import type { HostTensor } from '../engine/types.js';
import { UsageError } from '../errors.js';
import { type ModelConfig, resolveModelConfig } from '../model/config.js';
import { parameterSpecs, parameterVariables } from '../model/parameters.js';
import {
  averageCheckpoints,
  findCheckpoint,
  listCheckpoints,
  loadModelTensors,
  readBest,
} from '../storage/checkpoints.js';
import type { StoredTensor } from '../storage/safetensors.js';
import { averageName } from '../train/programs.js';
import { hostTensors } from '../train/state.js';
import type { OpenedRun } from './open.js';

/** A model's parameters, ready for an engine. */
export interface LoadedModel {
  readonly config: ModelConfig;
  readonly parameters: Record<string, HostTensor>;
  /** What was loaded, e.g. `step 4000` or `average of steps 3000, 4000`. */
  readonly label: string;
}

/** `average:N` → N. */
function averageCount(checkpoint: string): number | undefined {
  const match = /^average:([1-9]\d*)$/.exec(checkpoint);
  return match ? Number(match[1]) : undefined;
}

/** Loads tensors as `--checkpoint` says: `best` (the last one where none is marked), `latest`, a step, or `average:N`. */
async function loadTensors(
  folder: string,
  checkpoint: string,
): Promise<{ tensors: Map<string, StoredTensor>; label: string }> {
  const count = averageCount(checkpoint);
  if (count !== undefined) {
    const steps = (await listCheckpoints(folder)).slice(-count);
    if (steps.length === 0) await findCheckpoint(folder, 'latest');
    if (steps.length < count) {
      throw new UsageError(
        `--checkpoint ${checkpoint}: ${folder} has only the checkpoints of steps ${steps.join(', ')}; ask for at most ` +
          `average:${steps.length}, or keep more with training.keepCheckpoints`,
      );
    }
    return { tensors: await averageCheckpoints(folder, steps), label: `average of steps ${steps.join(', ')}` };
  }
  const step = /^(?:step-)?(\d+)$/.exec(checkpoint)?.[1];
  if (step === undefined && checkpoint !== 'best' && checkpoint !== 'latest') {
    throw new UsageError(`--checkpoint ${checkpoint}: expected best, latest, a step such as 4000, or average:N`);
  }
  const best = checkpoint === 'best' ? ((await readBest(folder)) ?? 'latest') : undefined;
  const loaded = await loadModelTensors(folder, best ?? (step === undefined ? 'latest' : Number(step)));
  return { tensors: loaded.tensors, label: `step ${loaded.step}` };
}

/** Loads a run's parameters; where the run keeps a moving average of them, that average. */
export async function loadModel(run: OpenedRun, checkpoint = 'best'): Promise<LoadedModel> {
  const { folder, config, codec } = run;
  const model = resolveModelConfig(config.model);
  const specs = parameterSpecs(model, codec.vocabulary);
  const { tensors, label } = await loadTensors(folder.folder, checkpoint);
  const stored = (name: string): string => (config.training.emaDecay > 0 ? averageName(name) : name);
  const names = Object.keys(parameterVariables(specs));
  const shapes = new Map(names.map((name) => [stored(name), specs.get(name)?.shape ?? []]));
  const file = `${basename(folder.folder)} (${label})`;
  const found = hostTensors(file, tensors, [...shapes.keys()], (name) => shapes.get(name) ?? []);
  const parameters = Object.fromEntries(names.map((name) => [name, found[stored(name)] as HostTensor]));
  return { config: model, parameters, label };
}
