// The options and results of the library's three functions.
import type { EngineChoice } from '../engine/names.js';
import type { MetricScore } from '../metrics/metric.js';
import type { StopReason } from '../train/stop-reason.js';

/** Settings that every function takes. */
export interface RunSettings {
  /** Default `auto`: the fastest engine installed. */
  readonly engine?: EngineChoice;
  /** Threads of one tensor operation; default: the cores this process may use. */
  readonly threads?: number;
  /** Overrides the configuration's seed. */
  readonly seed?: number;
  /** Shows no progress and drops notes; warnings stay. */
  readonly quiet?: boolean;
  /** Takes notes and warnings, a line each; warnings start with `warning: `. */
  readonly log?: (line: string) => void;
  /** Aborted to stop early: training saves a checkpoint first. */
  readonly signal?: AbortSignal;
}

/** Options of {@link train}. */
export interface TrainOptions extends RunSettings {
  /** A YAML configuration; absent for the built-in example, or for the run's own when resuming. */
  readonly config?: string;
  /** The run folder; default: the next free `runs/<name>-N`. */
  readonly out?: string;
  /** `key.path=value` changes of the configuration. */
  readonly set?: readonly string[];
  readonly resume?: boolean;
  /** Stops after this many steps, counted from the run's beginning. */
  readonly maxSteps?: number;
  /** Stops after this many seconds, counted from now. */
  readonly maxSeconds?: number;
}

/** Result of {@link train}. */
export interface TrainResult {
  readonly task: string;
  /** The run folder. */
  readonly out: string;
  /** Optimizer steps done, those before a resume included. */
  readonly step: number;
  readonly stopped: StopReason;
  readonly seconds: number;
  readonly parameters: number;
  /** The best checkpoint, with what it was chosen by. */
  readonly best?: { readonly step: number; readonly metric: string; readonly score: number };
  /** Scores on the test split, for the built-in example unless it was interrupted. */
  readonly test?: EvaluateResult;
  /** Held-out lines as the model renders them, for the built-in example. */
  readonly samples?: readonly { readonly source: string; readonly output: string }[];
}

/** Options of decoding that override the configuration's. */
export interface DecodingOverrides {
  readonly beam?: number;
  readonly nBest?: number;
  readonly lengthPenalty?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly noRepeatNgram?: number;
  readonly batchSize?: number;
  /** Another method than the configuration's drops its settings that only the other one heeds. */
  readonly method?: 'beam' | 'sample' | 'sample-without-replacement';
  readonly beamGroups?: number;
  readonly diversityStrength?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly repetitionPenalty?: number;
  /** Share of the CTC prefix score, for tasks whose encoder has a CTC head over the target's vocabulary. */
  readonly ctcWeight?: number;
  /** How fast is spoken, for parallel models of sound: 1 as recorded, 2 twice as fast. */
  readonly speed?: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends RunSettings, DecodingOverrides {
  /** A run folder; absent when `hypotheses` are scored. */
  readonly run?: string;
  /** Split of the run's configuration; default `test`. */
  readonly split?: string;
  readonly source?: string;
  /** One file a reference stream. */
  readonly reference?: readonly string[];
  /** A file of outputs to score without a model. */
  readonly hypotheses?: string;
  readonly metrics?: readonly string[];
  readonly checkpoint?: string;
  /** BLEU's tokenizer; default: the configuration's, or 13a. */
  readonly tokenize?: string;
  readonly lowercase?: boolean;
  /** What wer, cer, mer and wil do to both texts first: `none`, `basic` or `english`; default: the configuration's, or none. */
  readonly normalize?: string;
  /** What cer counts: `codePoint` or `grapheme`; default: the configuration's, or code points. */
  readonly characters?: string;
  /** Whether ROUGE compares the stems of English words. */
  readonly stem?: boolean;
  /** Whether per compares `AH0` as `AH`. */
  readonly ignoreStress?: boolean;
  /** How entityF1 reads tags: as `conlleval`, or strictly by `IOB2`, `IOE2`, `IOBES` or `BILOU`; default: the configuration's, or conlleval. */
  readonly tagScheme?: string;
  /** Run folder of a model that is to understand outputs that are sounds; default: the configuration's. */
  readonly recognizer?: string;
}

/** Result of {@link evaluate}. */
export interface EvaluateResult {
  readonly task?: string;
  readonly split?: string;
  readonly examples: number;
  readonly metrics: Readonly<Record<string, MetricScore>>;
  readonly decode?: Readonly<Record<string, unknown>>;
  /** Sources that were cut because they were too long. */
  readonly truncated?: number;
  /** Examples whose references are all empty. */
  readonly emptyReferences?: number;
  readonly seconds: number;
  readonly version: string;
}

/** Options of {@link decode}. */
export interface DecodeOptions extends RunSettings, DecodingOverrides {
  readonly run: string;
  /** A file, or `-` for standard input. */
  readonly input: string;
  /** A file, or `-` for standard output; for tasks whose outputs are sounds, a folder. */
  readonly output: string;
  /** Writes the score before each output. */
  readonly scores?: boolean;
  /** What to do with a source over the model's length limit; default `error`. */
  readonly onLong?: 'error' | 'truncate' | 'skip';
  /** What to do with a source that cannot be read, such as audio that is missing or damaged; default `error`. */
  readonly onBad?: 'error' | 'skip';
  readonly checkpoint?: string;
  /** Writes one JSON object a line instead of text. */
  readonly json?: boolean;
  /** Adds where the decoder looked to the JSON objects. */
  readonly attention?: boolean;
  /** Writes the spectrogram of each sound beside it, for tasks whose outputs are sounds. */
  readonly mels?: boolean;
}

/** Options of {@link chat}. Turns that are too long for the model get no reply unless told otherwise. */
export type ChatOptions = RunSettings & DecodingOverrides & Pick<DecodeOptions, 'run' | 'checkpoint' | 'onLong'>;

/** Result of {@link decode}. */
export interface DecodeSummary {
  /** Lines read, which is the number of outputs written (times n-best). */
  readonly examples: number;
  readonly seconds: number;
  /** Sources that were cut because they were too long. */
  readonly truncated?: number;
  /** Sources left out because they were too long; their output is blank. */
  readonly skipped?: number;
  /** Sources left out because they could not be read; their output is blank. */
  readonly unreadable?: number;
  /** Sounds that did not end by themselves and were cut. */
  readonly unfinished?: number;
  /** How much was spoken, for tasks whose outputs are sounds. */
  readonly secondsOfSound?: number;
}

/** Options of {@link report}. */
export interface ReportOptions extends RunSettings {
  /** A run folder. */
  readonly run: string;
  /** The page, a file or `-` for standard output; default: `report.html` in the run folder. */
  readonly output?: string;
  /** Validation rows whose attention is shown; default 3, or as many as there are. */
  readonly examples?: number;
  /** The checkpoint whose attention is shown; default: the best. */
  readonly checkpoint?: string;
}

/** Result of {@link report}. */
export interface ReportResult {
  readonly task: string;
  /** Where the page is. */
  readonly output: string;
  readonly bytes: number;
  /** Records of metrics.jsonl. */
  readonly records: number;
  readonly charts: number;
  /** Inputs whose outputs over time are shown. */
  readonly samples: number;
  /** Examples whose attention is shown. */
  readonly attention: number;
  /** Rows that are spoken, for tasks whose outputs are sounds. */
  readonly sounds?: number;
  readonly seconds: number;
}
