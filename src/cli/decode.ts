// `s2s decode`: runs a trained model on new inputs.
import { type Command, Option } from '@commander-js/extra-typings';
import { UsageError } from '../errors.js';
import type { DecodeSummary } from '../run/types.js';
import { type CliContext, interruptible } from './context.js';
import { defined, examples, finiteNumber, runSettings, wholeNumber, withCommonOptions } from './options.js';
import { counted } from './output.js';

function summaryLine({ examples: count, seconds, truncated = 0, skipped = 0, unreadable = 0 }: DecodeSummary): string {
  const rate = seconds > 0 ? ` (${(count / seconds).toFixed(1)}/s)` : '';
  const long = [truncated > 0 ? `${truncated} cut` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean);
  const bad = unreadable > 0 ? `, ${unreadable} could not be read` : '';
  return `${counted(count, 'example')} in ${seconds.toFixed(1)} s${rate}${long.length > 0 ? `, ${long.join(' and ')} as too long` : ''}${bad}`;
}

const FORMATS = `
Output: one line for every input line, in order; a blank input gives a blank output.
  --n-best N    N lines for every input line, best first; blank ones where there are fewer
  --scores      before each output its score and a tab: the log-probability divided
                by the length penalty (nothing before the tab where there is no output)
  --json        one object a line: {"index", "source", "outputs": [{"text", "score",
                "finished"}]}; index counts from 0, finished is false for an output
                that was cut at the maximum length; a blank input has no outputs;
                speech recognition adds "words": [{"word", "start", "end",
                "confidence"}], in seconds from the beginning of the file

Speech: an input is the path of an audio file, if you like with start and end in
  seconds between tabs; relative paths start from the list's folder. An --input that
  ends in .tsv or .jsonl is a manifest. Long audio is decoded in pieces.`;

/** Adds the command to the program. */
export function addDecode(program: Command, context: CliContext): void {
  const command = program
    .command('decode')
    .description('Run a trained model: one line in, one line out, in order. With --json, one JSON object a line.')
    .argument('<dir>', 'run folder')
    .option('--input <file>', 'inputs, one a line; - is standard input', '-')
    .option('--output <file>', 'where outputs go; - is standard output', '-')
    .option('--beam <n>', 'beam size', wholeNumber(1))
    .addOption(new Option('--greedy', 'greedy search, the same as --beam 1').conflicts('beam'))
    .option('--n-best <n>', 'outputs for each input, best first', wholeNumber(1))
    .option('--scores', 'write the score of each output before it')
    .option('--length-penalty <x>', 'exponent of the length penalty', finiteNumber)
    .option('--ctc-weight <x>', 'share of the CTC score, 0 to 1, for speech recognition', finiteNumber)
    .option('--max-length <n>', 'most tokens of an output', wholeNumber(1))
    .option('--batch-size <n>', 'inputs decoded at once; changes the speed, never the output', wholeNumber(1))
    .addOption(
      new Option('--on-long <what>', 'an input that is too long for the model').choices([
        'error',
        'truncate',
        'skip',
      ] as const),
    )
    .addOption(
      new Option('--on-bad <what>', 'audio that cannot be read: stop, or leave its output blank').choices([
        'error',
        'skip',
      ] as const),
    )
    .option('--checkpoint <name>', 'checkpoint of the run (default: best)');
  withCommonOptions(command)
    .addHelpText('after', FORMATS)
    .addHelpText(
      'after',
      examples(
        's2s decode run < input.txt > output.txt',
        's2s decode run --input input.txt --beam 5 --n-best 3 --scores',
        'echo "Ein Hund läuft ." | s2s decode run --greedy',
        's2s decode recogniser --input test.tsv --json --on-bad skip',
      ),
    )
    .action(async (run, options) => {
      const {
        input,
        output,
        nBest,
        scores,
        lengthPenalty,
        ctcWeight,
        maxLength,
        batchSize,
        onLong,
        onBad,
        checkpoint,
        json,
      } = options;
      const beam = options.greedy ? 1 : options.beam;
      if (nBest !== undefined && beam !== undefined && nBest > beam) {
        const found = options.greedy ? '--greedy' : `--beam ${beam}`;
        throw new UsageError(`--n-best ${nBest} needs a beam of at least ${nBest}, found ${found}`);
      }
      const summary = await interruptible(context, 'stopping', (signal) =>
        context.library.decode({
          ...runSettings(options, context),
          run,
          input,
          output,
          ...defined({
            beam,
            nBest,
            scores,
            lengthPenalty,
            ctcWeight,
            maxLength,
            batchSize,
            onLong,
            onBad,
            checkpoint,
            json,
          }),
          signal,
        }),
      );
      // With the outputs in a file, standard output is free for the report.
      if (json && output !== '-') context.output.json(summary);
      else if (!options.quiet) context.output.log(summaryLine(summary));
    });
}
