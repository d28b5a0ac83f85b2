// The commander program with all subcommands, and running it on an argument list.
import { Command } from '@commander-js/extra-typings';
import { packageVersion } from '../version.js';
import type { CliContext } from './context.js';
import { addDecode } from './decode.js';
import { addDoctor } from './doctor.js';
import { addEval } from './eval.js';
import { reportFailure } from './exit.js';
import { addInit } from './init.js';
import { addReport } from './report.js';
import { addTasks } from './tasks.js';
import { addTrain } from './train.js';

const AFTER_HELP = `
Examples:
  s2s train                                 train the built-in example
  s2s init translation my-translator        start a project of your own
  s2s train config.yaml --out run           train, then:
  s2s eval run                              score the test split
  s2s decode run < input.txt                run the model
  s2s report run                            curves, samples, attention: one HTML page

Exit codes: 0 fine, 1 a --min/--max threshold missed, 2 wrong usage or config,
65 bad data, 66 no such input, 69 engine not available, 70 internal error,
130 interrupted.`;

/** Builds the program; the commands print to and run with what `context` holds. */
function createProgram(context: CliContext): Command {
  const program = new Command('s2s')
    .description('Train, evaluate and run Transformer sequence-to-sequence models.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', AFTER_HELP)
    .showHelpAfterError('(add --help to see what is possible)')
    .configureOutput({
      writeOut: (text) => context.output.raw('stdout', text),
      writeErr: (text) => context.output.raw('stderr', text),
    })
    .exitOverride();
  for (const add of [addTrain, addEval, addDecode, addReport, addInit, addTasks, addDoctor]) add(program, context);
  return program;
}

/**
 * Runs a command line; never throws.
 * @param argv the arguments after the program's name
 * @param debug whether to print the stacks of internal errors
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[], context: CliContext, debug: boolean): Promise<number> {
  try {
    await createProgram(context).parseAsync(argv, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return reportFailure(error, context.output, debug);
  }
}
