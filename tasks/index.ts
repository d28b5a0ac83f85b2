// The registry of tasks: one line each.
import type { TaskAdapter } from '../src/task.js';
import { speechRecognition } from './speech-recognition/adapter.js';
import { speechTranslation } from './speech-translation/adapter.js';
import { translation } from './translation/adapter.js';

/** Every task s2s knows. */
export const tasks = [translation, speechRecognition, speechTranslation] as unknown as readonly TaskAdapter[];
