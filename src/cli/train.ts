// `s2s train`: trains a model from a config.
import type { Command } from '@commander-js/extra-typings';
import { UsageError } from '../errors.js';
import type { TrainResult } from '../run/types.js';
import { type CliContext, interruptible } from './context.js';
import { collect, defined, duration, examples, runSettings, wholeNumber, withCommonOptions } from './options.js';
import { scoreTable, scoreText } from './scores.js';

function printResult(result: TrainResult, { output }: CliContext): void {
  const { task, out, step, stopped, parameters, seconds, best, test, samples } = result;
  const rows = [
    ['task', task],
    ['run', out],
    ['parameters', `${(parameters / 1e6).toFixed(2)} M`],
    ['steps', `${step} (${stopped})`],
    ['seconds', seconds.toFixed(1)],
  ];
  if (best !== undefined) rows.push(['best', `step ${best.step}, ${best.metric} ${scoreText(best.score)}`]);
  output.table({ heading: ['', ''], rows });
  if (test !== undefined) {
    output.result('');
    output.table(scoreTable(test.metrics));
  }
  if (samples !== undefined) {
    output.result('');
    output.result('Lines it has not seen:');
  }
  for (const sample of samples ?? []) {
    output.result('');
    output.result(sample.source);
    output.result(`→ ${sample.output}`);
  }
}

/** Adds the command to the program. */
export function addTrain(program: Command, context: CliContext): void {
  const command = program
    .command('train')
    .description('Train a model. Without CONFIG: train the built-in example from end to end.')
    .argument('[config]', 'YAML config file (see `s2s init`)')
    .option('--out <dir>', 'run folder for checkpoints, logs and the resolved config')
    .option('--set <key.path=value>', 'change a value of the config; may be repeated', collect)
    .option('--resume', 'go on from the last checkpoint in the run folder')
    .option('--max-steps <n>', 'stop after this many optimizer steps', wholeNumber(1))
    .option('--max-time <duration>', 'stop after this long: 90s, 30m, 1h', duration);
  withCommonOptions(command)
    .addHelpText(
      'after',
      examples(
        's2s train                                          the built-in example',
        's2s train config.yaml --out run',
        's2s train config.yaml --out run --set training.learningRate=5e-4 --max-time 30m',
        's2s train --out run --resume                       with the config of the run',
      ),
    )
    .action(async (config, options) => {
      if (options.resume && options.out === undefined) {
        throw new UsageError('--resume needs --out DIR, the run folder to go on with');
      }
      if (config === undefined && !options.resume && !options.quiet) {
        context.output.log('no CONFIG given: training the built-in example from end to end');
      }
      const result = await interruptible(context, 'saving a checkpoint', (signal) =>
        context.library.train({
          ...runSettings(options, context),
          ...defined({
            config,
            out: options.out,
            set: options.set,
            resume: options.resume,
            maxSteps: options.maxSteps,
            maxSeconds: options.maxTime,
          }),
          signal,
        }),
      );
      if (result.stopped === 'interrupted' && !options.quiet) {
        context.output.log(`go on with: s2s train --out ${result.out} --resume`);
      }
      if (options.json) context.output.json(result);
      else printResult(result, context);
    });
}
