// Where the commands' library functions live. Everything is imported on first use, so that `s2s --help` loads none of it.
import type { Library } from './types.js';

const load = (path: string): Promise<unknown> => import(new URL(path, import.meta.url).href);
const main = async () => (await load('../index.js')) as Pick<Library, 'train' | 'evaluate' | 'decode'>;

/** The real library. */
export const library: Library = {
  train: async (options) => (await main()).train(options),
  evaluate: async (options) => (await main()).evaluate(options),
  decode: async (options) => (await main()).decode(options),
  tasks: async () => (await import('../../tasks/index.js')).tasks,
  measureSpeed: async (engine, threads, seconds) => {
    const speed = (await load('../engine/speed.js')) as Pick<Library, 'measureSpeed'>;
    return speed.measureSpeed(engine, threads, seconds);
  },
};
