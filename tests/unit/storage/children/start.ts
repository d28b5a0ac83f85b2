// Starts a program of this folder as a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** A running child: its lines as they come, and the end. */
export interface Child {
  process: ChildProcess;
  /** The next line it prints, or undefined once it has ended. */
  line(): Promise<string | undefined>;
  /** Kills it as `kill -9` does and waits for its end. */
  kill(): Promise<void>;
}

/** Bundles `name`.ts into `folder`, so that Node runs it without help. @returns a function that starts it. */
export function prepareChild(name: string, folder: string): (...args: string[]) => Child {
  const outfile = path.join(folder, `${name}.cjs`);
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  buildSync({ entryPoints: [source], bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' });
  return (...args) => {
    const child = spawn(process.execPath, [outfile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      process: child,
      line: async () => (await lines.next()).value,
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };
}
