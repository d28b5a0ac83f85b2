// The registry of tasks: one line each.
import type { TaskAdapter } from '../src/task.js';
import { translation } from './translation/adapter.js';

/** Every task s2s knows. */
export const tasks: readonly TaskAdapter[] = [translation as unknown as TaskAdapter];
