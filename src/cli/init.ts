// `s2s init`: writes a commented config and a README to start a project from.
import type { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../config/suggest.js';
import { UsageError } from '../errors.js';
import type { CliContext } from './context.js';
import { examples, withCommonOptions } from './options.js';

/** Adds the command to the program. */
export function addInit(program: Command, context: CliContext): void {
  const command = program
    .command('init')
    .description('Write a fully commented config.yaml and a README.md for a task. Never overwrites.')
    .argument('<task>', 'a task (see `s2s tasks`)')
    .argument('[dir]', 'folder to write to; made if absent', '.');
  withCommonOptions(command)
    .addHelpText(
      'after',
      examples('s2s init translation my-translator', 'cd my-translator && s2s train config.yaml --out run'),
    )
    .action(async (name, directory, options) => {
      const tasks = await context.library.tasks();
      const task = tasks.find((candidate) => candidate.name === name);
      if (task === undefined) {
        const names = tasks.map((candidate) => candidate.name);
        const hint = didYouMean(name, names) || `; the tasks are ${names.map((known) => `\`${known}\``).join(', ')}`;
        throw new UsageError(`unknown task \`${name}\`${hint}`);
      }
      const { writeProject } = await import('./scaffold.js');
      const files = await writeProject(task, directory);
      if (options.json) context.output.json({ task: task.name, directory, files });
      else for (const file of files) context.output.result(file);
      if (!options.quiet)
        context.output.log(`next: fill in the data files in ${files[0]}, then run \`s2s train\` on it`);
    });
}
