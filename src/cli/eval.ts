// `s2s eval`: scores a model on a data split, or files of outputs against references.
import { type Command, Option } from '@commander-js/extra-typings';
import { didYouMean } from '../config/suggest.js';
import { UsageError } from '../errors.js';
import type { EvaluateResult } from '../run/types.js';
import { type CliContext, interruptible } from './context.js';
import { EXIT } from './exit.js';
import {
  defined,
  examples,
  finiteNumber,
  nameList,
  runSettings,
  type Threshold,
  thresholds,
  wholeNumber,
  withCommonOptions,
} from './options.js';
import { counted } from './output.js';
import { scoreTable, scoreText } from './scores.js';

/** A threshold with the score it was held against. */
interface CheckedThreshold extends Threshold {
  score: number;
  passed: boolean;
}

/** @throws UsageError when a threshold is for a metric that is not among `known` */
function checkNames(limits: readonly Threshold[], known: readonly string[]): void {
  const unknown = limits.find(({ metric }) => !known.includes(metric));
  if (unknown === undefined) return;
  const { kind, metric, limit } = unknown;
  const hint = didYouMean(metric, known) || `; the metrics here are ${known.map((name) => `\`${name}\``).join(', ')}`;
  throw new UsageError(`--${kind} ${metric}=${limit}: unknown metric \`${metric}\`${hint}`);
}

/**
 * Holds thresholds against scores. A score that is not a number misses every threshold.
 * @throws UsageError when a threshold is for a metric that was not computed
 */
function checkThresholds(limits: readonly Threshold[], metrics: EvaluateResult['metrics']): CheckedThreshold[] {
  checkNames(limits, Object.keys(metrics));
  return limits.map((threshold) => {
    const score = metrics[threshold.metric]?.score ?? Number.NaN;
    const passed = threshold.kind === 'min' ? score >= threshold.limit : score <= threshold.limit;
    return { ...threshold, score, passed };
  });
}

interface InputOptions {
  split?: string | undefined;
  source?: string | undefined;
  reference?: string[] | undefined;
  hypotheses?: string | undefined;
}

/** @throws UsageError unless the options say clearly what is scored against what */
function checkInputs(run: string | undefined, { source, reference, hypotheses }: InputOptions): void {
  if (run === undefined && hypotheses === undefined) {
    throw new UsageError('expected a run folder to evaluate, or --hypotheses FILE --reference FILE to score files');
  }
  if (run !== undefined && hypotheses !== undefined) {
    throw new UsageError(`expected a run folder or --hypotheses, found both: ${run} and ${hypotheses}`);
  }
  if (hypotheses !== undefined && reference === undefined) {
    throw new UsageError('--hypotheses needs --reference FILE, what the outputs are scored against');
  }
  if (run !== undefined && (source === undefined) !== (reference === undefined)) {
    const [given, lacking] = source === undefined ? ['reference', 'source'] : ['source', 'reference'];
    throw new UsageError(`--${given} needs --${lacking} FILE as well; without both, the split of the config is used`);
  }
}

/** Adds the command to the program. */
export function addEval(program: Command, context: CliContext): void {
  const command = program
    .command('eval')
    .description('Score a trained model on a split or on files, or score files of outputs without a model.')
    .argument('[dir]', 'run folder')
    .addOption(new Option('--split <name>', 'split of the config to score (default: test)').conflicts('source'))
    .option('--source <file>', 'source lines, instead of a split')
    .option(
      '--references, --reference <files...>',
      'reference lines; several files are several references for each line',
    )
    .addOption(
      new Option('--hypotheses <file>', 'outputs to score, without a model').conflicts([
        'split',
        'source',
        'beam',
        'lengthPenalty',
        'batchSize',
        'checkpoint',
      ]),
    )
    .option('--metrics <names>', 'metrics, separated by commas (default: those of the task)', nameList)
    .option('--min <metric=score>', 'exit with 1 if the score is lower; may be repeated', thresholds('min'))
    .option('--max <metric=score>', 'exit with 1 if the score is higher; may be repeated', thresholds('max'))
    .option('--beam <n>', 'beam size; 1 is greedy search', wholeNumber(1))
    .option('--length-penalty <x>', 'exponent of the length penalty', finiteNumber)
    .option('--batch-size <n>', 'examples decoded at once', wholeNumber(1))
    .option('--checkpoint <name>', 'checkpoint of the run (default: best)')
    .option('--tokenize <name>', 'tokenizer of BLEU: 13a, intl, char, zh, none (default: that of the config, or 13a)')
    .option('--lowercase', 'compare without regard to case')
    .option('--normalize <name>', 'what wer, cer, mer and wil do to both texts first: none, basic, english')
    .option('--characters <unit>', 'what cer counts: codePoint, grapheme (default: codePoint)')
    .option('--stem', 'compare the stems of English words in ROUGE')
    .option(
      '--tag-scheme <name>',
      'how entityF1 reads tags: conlleval, or strictly IOB2, IOE2, IOBES, BILOU (default: conlleval)',
    )
    .option('--recognizer <dir>', 'run folder of a speech recogniser that is to understand outputs that are sounds')
    .option('--ignore-stress', 'compare phonemes without stress in per and pronunciationErrorRate: AH0 as AH');
  withCommonOptions(command)
    .addHelpText(
      'after',
      examples(
        's2s eval run',
        's2s eval run --split valid --metrics bleu,exactMatch --min bleu=30',
        's2s eval run --source test.de --reference test.en --json',
        's2s eval voice --recognizer recogniser --max mcd=6 --min stopAccuracy=98',
        's2s eval --hypotheses out.txt --references ref0.txt ref1.txt --metrics bleu,chrf,ter',
        's2s eval --hypotheses out.txt --reference ref.txt --metrics wer,cer --normalize english --max cer=0.1',
      ),
    )
    .action(async (run, options) => {
      checkInputs(run, options);
      const limits = [...(options.min ?? []), ...(options.max ?? [])];
      // Where the metrics are known beforehand, a slip is told before minutes of decoding.
      if (options.metrics !== undefined) checkNames(limits, options.metrics);
      const { split, source, reference, hypotheses, metrics, beam, lengthPenalty, batchSize, checkpoint } = options;
      const { tokenize, lowercase, normalize, characters, stem, ignoreStress, tagScheme, recognizer } = options;
      const result = await interruptible(context, 'stopping', (signal) =>
        context.library.evaluate({
          ...runSettings(options, context),
          ...defined({ run, split, source, reference, hypotheses, metrics }),
          ...defined({
            beam,
            lengthPenalty,
            batchSize,
            checkpoint,
            tokenize,
            lowercase,
            normalize,
            characters,
            stem,
            ignoreStress,
            tagScheme,
            recognizer,
          }),
          signal,
        }),
      );
      const checked = checkThresholds(limits, result.metrics);
      if (options.json) context.output.json(checked.length === 0 ? result : { ...result, thresholds: checked });
      else context.output.table(scoreTable(result.metrics));
      for (const { metric, kind, limit, score } of checked.filter(({ passed }) => !passed)) {
        context.output.error(`--${kind} ${metric}=${limit} missed: ${metric} is ${scoreText(score)}`);
        context.exitCode ||= EXIT.thresholdMissed;
      }
      if (!options.quiet) {
        const of = [result.task, result.split].filter((part) => part !== undefined).join(' ');
        context.output.log(
          `${of === '' ? '' : `${of}: `}${counted(result.examples, 'example')} in ${result.seconds.toFixed(1)} s`,
        );
      }
    });
}
