// `s2s tasks`: lists the tasks models can be trained for.
import type { Command } from '@commander-js/extra-typings';
import type { CliContext } from './context.js';
import { examples, withCommonOptions } from './options.js';

/** Adds the command to the program. */
export function addTasks(program: Command, context: CliContext): void {
  const command = program
    .command('tasks')
    .description('List the tasks: what goes in, what comes out, metrics, recipes.');
  withCommonOptions(command)
    .addHelpText('after', examples('s2s tasks', 's2s tasks --json'))
    .action(async (options) => {
      const tasks = await context.library.tasks();
      if (options.json) {
        context.output.json(
          tasks.map(({ name, source, target, metrics, recipes }) => ({ name, source, target, metrics, recipes })),
        );
        return;
      }
      context.output.table({
        heading: ['TASK', 'SOURCE → TARGET', 'METRICS', 'RECIPES'],
        rows: tasks.map((task) => [
          task.name,
          `${task.source} → ${task.target}`,
          task.metrics.join(', '),
          task.recipes.join(', '),
        ]),
      });
    });
}
