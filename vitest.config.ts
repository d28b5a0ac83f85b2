import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { 'sacrebleu-ts': fileURLToPath(new URL('./packages/sacrebleu-ts/src/index.ts', import.meta.url)) };

/** One ring of tests; the files of a slow ring run one after another so that none starves another of its two cores. */
const ring = (name: string, include: string[], seconds: number, serial: boolean) => ({
  resolve: { alias },
  test: { name, include, testTimeout: seconds * 1000, hookTimeout: seconds * 1000, fileParallelism: !serial },
});

export default defineConfig({
  test: {
    // As many files at a time as there are cores, and never one alone: the default leaves a machine of two cores one of them.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      ring('unit', ['tests/unit/**/*.test.ts', 'packages/*/tests/**/*.test.ts'], 60, false),
      ring('integration', ['tests/integration/**/*.test.ts'], 180, false),
      ring('system', ['tests/system/**/*.test.ts'], 7200, true),
    ],
  },
});
