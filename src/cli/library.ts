// Where the commands' library functions live. Everything is imported on first use, so that `s2s --help` loads none of it.
import type { Library } from './types.js';

/** The real library. */
export const library: Library = {
  train: async (options) => (await import('../run/train.js')).train(options),
  evaluate: async (options) => (await import('../run/evaluate.js')).evaluate(options),
  decode: async (options) => (await import('../run/decode.js')).decode(options),
  chat: async (options) => (await import('../run/chat.js')).chat(options),
  report: async (options) => (await import('../run/report.js')).report(options),
  tasks: async () => (await import('../../tasks/index.js')).tasks,
  measureSpeed: async (engine, threads, seconds) =>
    (await import('../engine/speed.js')).measureSpeed(engine, threads, seconds),
};
