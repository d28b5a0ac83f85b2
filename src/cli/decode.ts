// `s2s decode`: runs a trained model on new inputs.
import { type Command, Option } from '@commander-js/extra-typings';
import { UsageError } from '../errors.js';
import type { DecodeOptions, DecodeSummary } from '../run/types.js';
import { type CliContext, interruptible } from './context.js';
import { defined, examples, finiteNumber, runSettings, wholeNumber, withCommonOptions } from './options.js';
import { counted } from './output.js';

function summaryLine(summary: DecodeSummary): string {
  const { examples: count, seconds, truncated = 0, skipped = 0, unreadable = 0, unfinished = 0 } = summary;
  const { secondsOfSound } = summary;
  const rate = seconds > 0 ? ` (${(count / seconds).toFixed(1)}/s)` : '';
  const long = [truncated > 0 ? `${truncated} cut` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(Boolean);
  const bad = unreadable > 0 ? `, ${unreadable} could not be read` : '';
  const sound = secondsOfSound === undefined ? '' : `, ${secondsOfSound.toFixed(1)} s of sound`;
  const cut = unfinished > 0 ? `, ${unfinished} did not stop by themselves` : '';
  return `${counted(count, 'example')} in ${seconds.toFixed(1)} s${rate}${long.length > 0 ? `, ${long.join(' and ')} as too long` : ''}${bad}${sound}${cut}`;
}

const FORMATS = `
Searching: beam search by default. --sample draws --n-best outputs instead (one if not
  told); equal seeds draw equal outputs, whatever the batch size. The options from
  --without-replacement to --repetition-penalty change what is drawn and need --sample,
  unless the run's configuration samples. --top-k 1 draws the most probable token, so
  that with --repetition-penalty it is greedy search with a penalty; beam search has
  noRepeatNgram in the configuration instead. --beam-groups and --diversity make
  beam search return outputs that differ more; the beam is divided evenly.

Output: one line for every input line, in order; a blank input gives a blank output.
  --n-best N    N lines for every input line, best first; blank ones where there are fewer
  --scores      before each output its score and a tab: the log-probability divided
                by the length penalty (nothing before the tab where there is no output)
  --json        one object a line: {"index", "source", "outputs": [{"text", "score",
                "finished"}]}; index counts from 0, finished is false for an output
                that was cut at the maximum length; a blank input has no outputs;
                speech recognition adds "words": [{"word", "start", "end",
                "confidence"}], in seconds from the beginning of the file; a model with
                model.copy adds "copied": [{"token", "position", "share"}], the output
                tokens, counted from 0, that it copied from the input rather than
                generated, and the share of their probability that copying had
  --attention   with --json, where the decoder looked: "attention": {"source", "target",
                "layers", "heads", "weights"}; weights[layer][head][t][s] is how much
                target token t looked at source position s, and every row adds up to 1
                (but for monotonic attention, which may look nowhere); the source of
                sound is named by the seconds that its positions begin at

Speech: an input is the path of an audio file, if you like with start and end in
  seconds between tabs; relative paths start from the list's folder. An --input that
  ends in .tsv or .jsonl is a manifest. Long audio is decoded in pieces.

Sound: where outputs are sounds, --output names a folder, which must not exist yet. It
  gets 0001.wav, 0002.wav, … and manifest.tsv with the columns audio, text, seconds
  and finished, a row for every input line, in order; a blank input has no sound.
  finished is false for an output that did not stop by itself and was cut. An input
  is a text, or {"text": "…", "speaker": "…"}; long texts are spoken in pieces.

Dialogue: an input is what somebody says, or the turns so far as JSON: ["Hello.", "Hi!",
  "How are you?"], or [{"speaker": "…", "text": "…"}, …]. --chat reads a line, prints
  the reply, and so on; the model sees the turns before as the configuration says.
  /reset forgets them, /quit or the end of the input ends the chat.`;

/** What makes no sense while chatting: where lines come from and go to, and what is told of outputs. */
const NOT_WITH_CHAT = [
  ...(['input', 'output', 'nBest', 'json', 'scores', 'attention'] as const),
  ...(['batchSize', 'onBad', 'speed', 'mels', 'withoutReplacement'] as const),
];

/** The method that the options choose, if they choose one. @throws UsageError when they do not fit together */
function methodOf(options: {
  sample?: true | undefined;
  withoutReplacement?: true | undefined;
}): DecodeOptions['method'] {
  const { sample, withoutReplacement } = options;
  if (withoutReplacement && !sample) throw new UsageError('--without-replacement needs --sample');
  if (!sample) return undefined;
  return withoutReplacement ? 'sample-without-replacement' : 'sample';
}

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
    .option('--beam-groups <n>', 'groups of the beam that find different outputs', wholeNumber(1))
    .option('--diversity <x>', 'what keeps the groups apart: the cost of a token that another has (0.5)', finiteNumber)
    .addOption(
      new Option('--sample', 'draw outputs at random').conflicts(['beam', 'greedy', 'beamGroups', 'diversity']),
    )
    .option('--without-replacement', 'draw --n-best different outputs')
    .option('--temperature <x>', 'sharpens what is drawn from below 1, flattens it above', finiteNumber)
    .option('--top-k <n>', 'draw from the n most probable tokens', wholeNumber(1))
    .option('--top-p <x>', 'draw from the most probable tokens that together reach x', finiteNumber)
    .option('--min-p <x>', 'draw from tokens at least x times as probable as the best', finiteNumber)
    .option('--typical-p <x>', 'draw from the most typical tokens that together reach x', finiteNumber)
    .option('--repetition-penalty <x>', 'above 1, tokens drawn before become less probable', finiteNumber)
    .option('--n-best <n>', 'outputs for each input, best first', wholeNumber(1))
    .option('--scores', 'write the score of each output before it')
    .option('--attention', 'with --json, where the decoder looked')
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
    .option('--speed <x>', 'how fast is spoken, for parallel models of sound: 2 is twice as fast', finiteNumber)
    .option('--mels', 'write the spectrogram of each sound beside it (.npy)')
    .option('--checkpoint <name>', 'checkpoint of the run (default: best)')
    .addOption(
      new Option('--chat', 'talk with a model of dialogue, a line each in turns').conflicts([...NOT_WITH_CHAT]),
    );
  withCommonOptions(command)
    .addHelpText('after', FORMATS)
    .addHelpText(
      'after',
      examples(
        's2s decode run < input.txt > output.txt',
        's2s decode run --input input.txt --beam 5 --n-best 3 --scores',
        'echo "Ein Hund läuft ." | s2s decode run --greedy',
        's2s decode run --sample --top-p 0.9 --n-best 5 --seed 1 < input.txt',
        's2s decode run --sample --without-replacement --n-best 10 --input input.txt',
        's2s decode run --beam 6 --beam-groups 3 --n-best 3 --input input.txt',
        's2s decode run --input input.txt --json --attention > attention.jsonl',
        's2s decode recogniser --input test.tsv --json --on-bad skip',
        'echo "Guten Morgen!" | s2s decode voice --output morning',
        's2s decode dialogue --chat',
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
        attention,
        beamGroups,
        diversity: diversityStrength,
        temperature,
        topK,
        topP,
        minP,
        typicalP,
        repetitionPenalty,
        speed,
        mels,
      } = options;
      const beam = options.greedy ? 1 : options.beam;
      const method = methodOf(options);
      if (nBest !== undefined && beam !== undefined && nBest > beam) {
        const found = options.greedy ? '--greedy' : `--beam ${beam}`;
        throw new UsageError(`--n-best ${nBest} needs a beam of at least ${nBest}, found ${found}`);
      }
      const search = defined({
        beam,
        lengthPenalty,
        ctcWeight,
        maxLength,
        onLong,
        checkpoint,
        method,
        beamGroups,
        diversityStrength,
        temperature,
        topK,
        topP,
        minP,
        typicalP,
        repetitionPenalty,
      });
      if (options.chat) {
        await interruptible(context, 'stopping', (signal) =>
          context.library.chat({ ...runSettings(options, context), run, ...search, signal }),
        );
        return;
      }
      const summary = await interruptible(context, 'stopping', (signal) =>
        context.library.decode({
          ...runSettings(options, context),
          run,
          input,
          output,
          ...search,
          ...defined({ nBest, scores, batchSize, onBad, json, attention, speed, mels }),
          signal,
        }),
      );
      // With the outputs in a file, standard output is free for the report.
      if (json && output !== '-') context.output.json(summary);
      else if (!options.quiet) context.output.log(summaryLine(summary));
    });
}
