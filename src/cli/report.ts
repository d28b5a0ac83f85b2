// `s2s report`: writes a run as one HTML page to look at.
import type { Command } from '@commander-js/extra-typings';
import { UsageError } from '../errors.js';
import { type CliContext, interruptible } from './context.js';
import { defined, examples, runSettings, wholeNumber, withCommonOptions } from './options.js';
import { counted } from './output.js';

const CONTENTS = `
The page holds curves of everything training measured, the sampled outputs over
time, and how the model attends to a few validation sources. It needs no network
and no other file, so it can be mailed or put on a server as it is. The run may
still be training.`;

/** Adds the command to the program. */
export function addReport(program: Command, context: CliContext): void {
  const command = program
    .command('report')
    .description('Write a run as one HTML page: curves, sampled outputs, attention.')
    .argument('<dir>', 'run folder')
    .option('--output <file>', 'the page; - is standard output (default: report.html in the run folder)')
    .option(
      '--examples <n>',
      'validation rows whose attention is shown; 0 needs no model (default: 3, where it can be had)',
      wholeNumber(0),
    )
    .option('--checkpoint <name>', 'checkpoint whose attention is shown (default: best)');
  withCommonOptions(command)
    .addHelpText('after', CONTENTS)
    .addHelpText(
      'after',
      examples(
        's2s report run',
        's2s report run --output today.html --examples 5',
        's2s report run --examples 0 --json',
      ),
    )
    .action(async (run, options) => {
      const { output, examples: count, checkpoint, json } = options;
      if (json && output === '-') {
        throw new UsageError('--json and --output - both want standard output; give the page a file');
      }
      const result = await interruptible(context, 'stopping', (signal) =>
        context.library.report({
          ...runSettings(options, context),
          run,
          ...defined({ output, examples: count, checkpoint }),
          signal,
        }),
      );
      if (json) context.output.json(result);
      else if (output !== '-') context.output.result(result.output);
      if (options.quiet) return;
      const parts = [
        counted(result.charts, 'chart'),
        ...(result.samples > 0 ? [counted(result.samples, 'sample')] : []),
        ...(result.sounds ? [counted(result.sounds, 'sound')] : []),
        ...(result.attention > 0 ? [`attention of ${counted(result.attention, 'example')}`] : []),
      ];
      context.output.log(`${parts.join(', ')}; ${Math.max(1, Math.round(result.bytes / 1000))} kB`);
    });
}
