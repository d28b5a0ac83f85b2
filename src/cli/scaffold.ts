// The files of a new project: a commented config from the task's schema, and a README.

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSchema } from '../config/render.js';
import { DataError, UsageError } from '../errors.js';
import type { TaskInfo } from './types.js';

function readme({ name, source, target, metrics, recipes }: TaskInfo): string {
  const list = (items: readonly string[]): string => items.map((item) => `\`${item}\``).join(', ');
  const recipeLine =
    recipes.length === 0 ? '' : `\nTried settings to start from are in the recipes ${list(recipes)} of s2s.\n`;
  return `# A model for ${name}

It turns ${source} into ${target}, and is trained with s2s.

- \`config.yaml\` holds every setting with its explanation. Fill in your data files first; paths are relative to it.
- \`s2s train config.yaml --out run\` trains. Ctrl-C saves a checkpoint; \`s2s train --out run --resume\` goes on.
- \`s2s eval run\` scores the test split${metrics.length === 0 ? '' : ` (${list(metrics)})`}.
- \`s2s decode run --input FILE\` runs the model on new inputs, one a line.

Any setting can be changed for one run: \`s2s train config.yaml --out run --set training.steps=2000\`. A misspelt key or a wrong
value is told with its line and column before anything starts.
${recipeLine}`;
}

/**
 * Writes `config.yaml` and `README.md`.
 * @returns the paths written, the config first
 * @throws UsageError when one of them exists already; then nothing is written
 * @throws DataError when the folder cannot be made or written to
 */
export async function writeProject(task: TaskInfo, directory: string): Promise<string[]> {
  const contents = {
    'config.yaml': describeSchema(task.configSchema, { task: task.name, ...task.starterConfig }),
    'README.md': readme(task),
  };
  const files = Object.entries(contents).map(([name, text]) => ({ path: join(directory, name), text }));
  const present = files.find(({ path }) => existsSync(path));
  if (present !== undefined) {
    throw new UsageError(`${present.path} exists already and is left as it is; name another folder or move it away`);
  }
  try {
    await mkdir(directory, { recursive: true });
    // `wx` refuses a file that has come into being meanwhile.
    for (const { path, text } of files) await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${directory}: cannot write the project there: ${reason}`, { cause: error });
  }
  return files.map(({ path }) => path);
}
