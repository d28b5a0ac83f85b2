// A context that keeps what is printed, and a library that keeps what it is asked.
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import type { CliContext } from '../../../src/cli/context.js';
import { Output } from '../../../src/cli/output.js';
import { runCommandLine } from '../../../src/cli/program.js';
import type { Library, TaskInfo } from '../../../src/cli/types.js';
import type { EvaluateResult, ReportResult, TrainResult } from '../../../src/run/types.js';

export const EVALUATION: EvaluateResult = {
  task: 'translation',
  split: 'test',
  examples: 3,
  metrics: { bleu: { score: 31.256, signature: 'nrefs:1|case:mixed' }, cer: { score: 0.125, signature: 'chars' } },
  decode: { beam: 5 },
  seconds: 1.5,
  version: '0.1.0',
};

export const TRAINING: TrainResult = {
  task: 'translation',
  out: 'run',
  step: 10,
  stopped: 'max-steps',
  seconds: 2,
  parameters: 1_250_000,
  best: { step: 8, metric: 'loss', score: 2.5 },
};

const REPORT: ReportResult = {
  task: 'translation',
  output: 'run/report.html',
  bytes: 212_345,
  records: 40,
  charts: 7,
  samples: 3,
  attention: 1,
  seconds: 1.5,
};

const TASKS: TaskInfo[] = [
  {
    name: 'translation',
    source: 'text',
    target: 'text in another language',
    metrics: ['bleu', 'chrf'],
    recipes: ['multi30k'],
    configSchema: z.strictObject({
      task: z.literal('translation').describe('The task.'),
      steps: z.int().min(1).describe('Steps.').default(100),
    }),
    starterConfig: { steps: 250 },
  },
  {
    name: 'copy',
    source: 'text',
    target: 'text',
    metrics: [],
    recipes: [],
    configSchema: z.strictObject({}),
    starterConfig: {},
  },
];

/** `process` as far as the commands need it. */
export class FakeProcess extends EventEmitter {
  exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

export interface Recording {
  code: number;
  stdout: string;
  stderr: string;
  /** The options of the library calls, in order, without functions and signals. */
  calls: unknown[];
}

const plain = (options: object): unknown =>
  Object.fromEntries(Object.entries(options).filter(([key]) => key !== 'log' && key !== 'signal'));

/** Runs a command line with parts of the library replaced. */
export async function record(
  argv: string[],
  parts: Partial<Library> = {},
  process = new FakeProcess(),
): Promise<Recording> {
  const recording: Recording = { code: 0, stdout: '', stderr: '', calls: [] };
  const library: Library = {
    train: async () => TRAINING,
    evaluate: async () => EVALUATION,
    decode: async () => ({ examples: 4, seconds: 2, truncated: 1 }),
    chat: async () => undefined,
    report: async ({ run }) => ({ ...REPORT, output: `${run}/report.html` }),
    tasks: async () => TASKS,
    measureSpeed: async (engine) => ({ gflops: engine === 'cpu' ? 0.5 : 150 }),
    ...parts,
  };
  const context: CliContext = {
    library: {
      ...library,
      train: (options) => {
        recording.calls.push(plain(options));
        return library.train(options);
      },
      evaluate: (options) => {
        recording.calls.push(plain(options));
        return library.evaluate(options);
      },
      decode: (options) => {
        recording.calls.push(plain(options));
        return library.decode(options);
      },
      chat: (options) => {
        recording.calls.push(plain(options));
        return library.chat(options);
      },
      report: (options) => {
        recording.calls.push(plain(options));
        return library.report(options);
      },
    },
    output: new Output(
      { write: (text) => (recording.stdout += text) },
      { write: (text) => (recording.stderr += text) },
      {},
    ),
    process,
    exitCode: 0,
  };
  recording.code = await runCommandLine(argv, context, false);
  return recording;
}
