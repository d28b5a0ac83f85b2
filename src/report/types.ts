// What a report is made of: plain data, gathered by whoever knows run folders and models.

/** A line of metrics.jsonl: where training stood, what kind of event it was, and its values. */
export interface ReportRecord {
  readonly step: number;
  readonly event: string;
  readonly [name: string]: unknown;
}

/** A fact of the page's head, such as `parameters` and `3.9 M`. */
export interface ReportFact {
  readonly name: string;
  readonly value: string;
  /** What the value leaves open, in small print. */
  readonly note?: string;
}

/** The attention of one decoded example: where the model looked in its source as it wrote each token. */
export interface ReportAttention {
  /** The example as people read it. */
  readonly title?: string;
  readonly reference?: string;
  readonly output?: string;
  /** A label for each source position: the token, or the time in seconds where the source is sound. */
  readonly source: readonly string[];
  /** A label for each target position. */
  readonly target: readonly string[];
  readonly layers: number;
  readonly heads: number;
  /** Weights between 0 and 1. `[L, H, T, S]` */
  readonly weights: Float32Array;
}

/** A mel spectrogram: natural logarithms. */
export interface ReportSpectrogram {
  /** `[frames, dim]`, row after row. */
  readonly data: Float32Array;
  readonly frames: number;
  /** Bands from low to high. */
  readonly dim: number;
}

/** A sound that the model made, beside the recording where there is one. */
export interface ReportSound {
  /** What is said. */
  readonly title: string;
  /** Seconds from frame to frame. */
  readonly secondsPerFrame: number;
  /** The lower edge of the lowest filter and the upper edge of the highest, Hz, for the axis. */
  readonly lowFreq: number;
  readonly highFreq: number;
  /** The recording's. */
  readonly target?: ReportSpectrogram;
  readonly predicted: ReportSpectrogram;
  /** WAV files, the model's output last: the recording, its spectrogram made audible again (the upper bound), the output. */
  readonly audio: readonly { readonly name: string; readonly wav: Uint8Array }[];
  /** Such as `mcd` and `6.12 dB`. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** What went wrong: that the output was cut at the maximum length, that the attention skipped. */
  readonly remark?: string;
}

/** Everything that {@link renderReport} shows. Parts without data leave no trace on the page. */
export interface ReportData {
  /** The name of the run. */
  readonly name: string;
  readonly task: string;
  readonly facts: readonly ReportFact[];
  /** Of metrics.jsonl, in the order of the file. */
  readonly records: readonly ReportRecord[];
  /** The metric by which the best checkpoint was chosen. */
  readonly validationMetric?: string;
  readonly attention: readonly ReportAttention[];
  /** Sounds that the model made. */
  readonly sounds?: readonly ReportSound[];
  /** Which checkpoint gave the attention and the sounds, such as `step 4000`. */
  readonly checkpoint?: string;
  /** The resolved configuration as YAML. */
  readonly config: string;
  /** What the reader should know: what could not be shown, and why. */
  readonly notes: readonly string[];
  /** The program and version that makes the report. */
  readonly writtenBy: string;
}
