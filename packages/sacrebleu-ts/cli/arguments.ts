// The command's options, by sacreBLEU's names, and how they are read from the command line.

/** A mistake of whoever calls the command; the message says what to do. */
export class UsageError extends Error {}

/** One option. */
interface Option {
  readonly names: readonly string[];
  readonly group: string;
  /** `many` takes all arguments up to the next option. */
  readonly takes: 'nothing' | 'one' | 'number' | 'count' | 'many';
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  readonly help: string;
}

const GENERAL = 'What is scored';
const REPORT = 'How it is reported';
const CONFIDENCE = 'Confidence interval of one system';
const PAIRED = 'Significance of the difference between systems';

const OPTIONS = {
  input: {
    names: ['--input', '-i'],
    group: GENERAL,
    takes: 'many',
    placeholder: 'FILE…',
    help: "systems' outputs, a file each; standard input unless given (several systems then separated by tabs)",
  },
  numRefs: {
    names: ['--num-refs', '-nr'],
    group: GENERAL,
    takes: 'count',
    placeholder: 'N',
    help: 'references a line of the one reference file, separated by tabs (default: 1)',
  },
  metrics: {
    names: ['--metrics', '-m'],
    group: GENERAL,
    takes: 'many',
    placeholder: 'NAME…',
    choices: ['bleu', 'chrf', 'ter'],
    help: 'any of bleu, chrf, ter (default: bleu)',
  },
  sentenceLevel: {
    names: ['--sentence-level', '-sl'],
    group: GENERAL,
    takes: 'nothing',
    help: 'scores each line by itself, with one metric',
  },
  smoothMethod: {
    names: ['--smooth-method', '-s'],
    group: 'BLEU',
    takes: 'one',
    choices: ['exp', 'floor', 'add-k', 'none'],
    help: 'exp, floor, add-k or none (default: exp)',
  },
  smoothValue: {
    names: ['--smooth-value', '-sv'],
    group: 'BLEU',
    takes: 'number',
    placeholder: 'X',
    help: 'for floor (default: 0.1) and add-k (default: 1)',
  },
  tokenize: {
    names: ['--tokenize', '-tok'],
    group: 'BLEU',
    takes: 'one',
    placeholder: 'NAME',
    help: '13a, intl, zh, char, none (default: 13a), or a SentencePiece model with --spm-model',
  },
  spmModel: {
    names: ['--spm-model'],
    group: 'BLEU',
    takes: 'one',
    placeholder: 'FILE',
    help: 'the SentencePiece model to tokenize with; --tokenize then only names it in the signature (default: spm)',
  },
  lowercase: { names: ['--lowercase', '-lc'], group: 'BLEU', takes: 'nothing', help: 'compares lower-cased text' },
  force: {
    names: ['--force'],
    group: 'BLEU',
    takes: 'nothing',
    help: 'does not warn of text that looks tokenized already',
  },
  chrfCharOrder: {
    names: ['--chrf-char-order', '-cc'],
    group: 'chrF',
    takes: 'count',
    placeholder: 'N',
    help: 'longest n-gram of characters (default: 6)',
  },
  chrfWordOrder: {
    names: ['--chrf-word-order', '-cw'],
    group: 'chrF',
    takes: 'count',
    placeholder: 'N',
    help: 'longest n-gram of words (default: 0); with 2 this is chrF++',
  },
  chrfBeta: {
    names: ['--chrf-beta'],
    group: 'chrF',
    takes: 'count',
    placeholder: 'N',
    help: 'weight of recall against precision (default: 2)',
  },
  chrfWhitespace: { names: ['--chrf-whitespace'], group: 'chrF', takes: 'nothing', help: 'counts white space too' },
  chrfLowercase: { names: ['--chrf-lowercase'], group: 'chrF', takes: 'nothing', help: 'compares lower-cased text' },
  chrfEpsSmoothing: {
    names: ['--chrf-eps-smoothing'],
    group: 'chrF',
    takes: 'nothing',
    help: 'smoothing of chrF++.py, NLTK and Moses instead of the effective order',
  },
  terCaseSensitive: { names: ['--ter-case-sensitive'], group: 'TER', takes: 'nothing', help: 'tells cases apart' },
  terAsianSupport: {
    names: ['--ter-asian-support'],
    group: 'TER',
    takes: 'nothing',
    help: 'treats Asian characters specially, with --ter-normalized or --ter-no-punct',
  },
  terNoPunct: { names: ['--ter-no-punct'], group: 'TER', takes: 'nothing', help: 'removes punctuation' },
  terNormalized: {
    names: ['--ter-normalized'],
    group: 'TER',
    takes: 'nothing',
    help: 'normalizes and tokenizes as Tercom does',
  },
  confidence: {
    names: ['--confidence', '-ci'],
    group: CONFIDENCE,
    takes: 'nothing',
    help: 'mean and 95 % interval by bootstrap resampling',
  },
  confidenceN: {
    names: ['--confidence-n', '-cin'],
    group: CONFIDENCE,
    takes: 'count',
    placeholder: 'N',
    help: 'corpora drawn (default: 1000)',
  },
  pairedAr: {
    names: ['--paired-ar', '-par'],
    group: PAIRED,
    takes: 'nothing',
    help: 'approximate randomization; the first system is the baseline',
  },
  pairedBs: {
    names: ['--paired-bs', '-pbs'],
    group: PAIRED,
    takes: 'nothing',
    help: 'bootstrap resampling; the first system is the baseline',
  },
  pairedArN: {
    names: ['--paired-ar-n', '-parn'],
    group: PAIRED,
    takes: 'count',
    placeholder: 'N',
    help: 'trials (default: 10000)',
  },
  pairedBsN: {
    names: ['--paired-bs-n', '-pbsn'],
    group: PAIRED,
    takes: 'count',
    placeholder: 'N',
    help: 'corpora drawn (default: 1000)',
  },
  seed: {
    names: ['--seed'],
    group: PAIRED,
    takes: 'count',
    placeholder: 'N',
    help: 'of what is drawn (default: $SACREBLEU_SEED, or 12345)',
  },
  format: {
    names: ['--format', '-f'],
    group: REPORT,
    takes: 'one',
    choices: ['json', 'text', 'latex'],
    help: 'json, text or, for several systems, latex (default: $SACREBLEU_FORMAT, or json)',
  },
  width: {
    names: ['--width', '-w'],
    group: REPORT,
    takes: 'count',
    placeholder: 'N',
    help: 'decimals of scores (default: 1)',
  },
  short: { names: ['--short', '-sh'], group: REPORT, takes: 'nothing', help: 'short signatures' },
  scoreOnly: { names: ['--score-only', '-b'], group: REPORT, takes: 'nothing', help: 'only the numbers' },
  quiet: { names: ['--quiet', '-q'], group: REPORT, takes: 'nothing', help: 'no warnings' },
  version: { names: ['--version', '-V'], group: REPORT, takes: 'nothing', help: 'prints the version' },
  help: { names: ['--help', '-h'], group: REPORT, takes: 'nothing', help: 'prints this' },
} as const satisfies Record<string, Option>;

type Options = typeof OPTIONS;
type Value<T> = T extends 'nothing' ? true : T extends 'one' ? string : T extends 'many' ? string[] : number;

/** What the command line says. */
export type Arguments = { readonly references: readonly string[] } & {
  readonly [K in keyof Options]?: Value<Options[K]['takes']>;
};

const BY_NAME = new Map<string, readonly [keyof Options, Option]>(
  Object.entries(OPTIONS).flatMap(([key, option]) =>
    option.names.map((name) => [name, [key as keyof Options, option]] as const),
  ),
);

/** Options of sacreBLEU that need its own data sets, which this package does not have. */
const NOT_HERE = new Set(
  '--test-set -t --language-pair -l --origlang -ol --subset --download --echo --list --citation --cite --detail -d'.split(
    ' ',
  ),
);

/** @throws UsageError when `text` is not one of the choices, or not the number that it should be */
function read({ names: [name], takes, choices }: Option, text: string): string | number {
  if (choices && !choices.includes(text)) {
    throw new UsageError(`${name}: expected one of ${choices.join(', ')}, found ${text}`);
  }
  if (takes === 'count') {
    if (!/^\d+$/.test(text)) throw new UsageError(`${name}: expected a whole number of at least 0, found ${text}`);
    return Number(text);
  }
  if (takes === 'number') {
    if (text.trim() === '' || !Number.isFinite(Number(text))) {
      throw new UsageError(`${name}: expected a number, found ${text || 'nothing'}`);
    }
    return Number(text);
  }
  return text;
}

/**
 * Reads a command line. Options may be written `--name value` or `--name=value`; `--` ends a list.
 * @throws UsageError naming the argument that cannot be used
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const references: string[] = [];
  const found: Record<string, unknown> = {};
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string;
    if (!argument.startsWith('-') || argument === '-') {
      references.push(argument);
      continue;
    }
    if (argument === '--') continue;
    const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
    const name = equals < 0 ? argument : argument.slice(0, equals);
    const known = BY_NAME.get(name);
    if (!known) {
      throw new UsageError(
        NOT_HERE.has(name)
          ? `${name}: not here: this package has no test sets; give reference files instead`
          : `unknown option ${name}; --help lists all options`,
      );
    }
    const [key, option] = known;
    if (option.takes === 'nothing') {
      if (equals >= 0) throw new UsageError(`${name}: expected no value, found ${argument.slice(equals + 1)}`);
      found[key] = true;
      continue;
    }
    const values: string[] = equals < 0 ? [] : [argument.slice(equals + 1)];
    const most = option.takes === 'many' ? Number.POSITIVE_INFINITY : 1;
    const isOption = (text: string): boolean =>
      text === '--' || (BY_NAME.has(text.split('=')[0] as string) && text !== '-');
    while (equals < 0 && values.length < most && i + 1 < argv.length && !isOption(argv[i + 1] as string)) {
      values.push(argv[++i] as string);
    }
    if (values.length === 0)
      throw new UsageError(`${name}: expected ${option.placeholder ?? 'a value'}, found nothing`);
    const readValues = values.map((value) => read(option, value));
    found[key] = option.takes === 'many' ? readValues : readValues[0];
  }
  return { references, ...found } as Arguments;
}

/** The text of `--help`. */
export function helpText(): string {
  const groups = new Map<string, Option[]>();
  for (const option of Object.values(OPTIONS) as Option[]) {
    groups.set(option.group, [...(groups.get(option.group) ?? []), option]);
  }
  const lines = [...groups].map(([group, options]) => {
    const rows = options.map(({ names, placeholder, takes, help }) => {
      const value = takes === 'nothing' ? '' : ` ${placeholder ?? 'NAME'}`;
      return `  ${`${names.toReversed().join(', ')}${value}`.padEnd(32)} ${help}`;
    });
    return `${group}:\n${rows.join('\n')}`;
  });
  return `usage: sacrebleu-ts REFERENCE… [-i FILE…] [-m bleu chrf ter] [options]

Scores outputs of translation systems against references: BLEU, chrF and TER with sacreBLEU's numbers, options and output.

${lines.join('\n\n')}

Examples:
  sacrebleu-ts ref.txt -i out.txt -m bleu chrf ter
  cat out.txt | sacrebleu-ts ref0.txt ref1.txt -f text -w 2
  sacrebleu-ts ref.txt -i base.txt new.txt --paired-bs -f text
`;
}
