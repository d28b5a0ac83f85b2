// Runs the built command line as a process, and makes the small inputs that the tests give it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const executable = join(root, 'dist', 'bin', 's2s.js');
const fixture = join(root, 'fixtures', 'translation');

/** How a process ended and what it printed. */
export interface Ended {
  /** As a shell gives it: 128 + n for a process that signal n has ended. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Options {
  cwd?: string;
  env?: Record<string, string>;
  /** Standard input; nothing at all when absent. */
  input?: string | Uint8Array;
  nodeOptions?: readonly string[];
}

/** A process that runs. */
export class Running {
  stdout = '';
  stderr = '';
  private readonly ended: Promise<Ended>;
  private watchers: (() => void)[] = [];

  constructor(readonly child: ChildProcess) {
    const gather = (stream: 'stdout' | 'stderr'): void => {
      child[stream]?.setEncoding('utf8').on('data', (part: string) => {
        this[stream] += part;
        for (const watch of this.watchers) watch();
      });
    };
    gather('stdout');
    gather('stderr');
    this.ended = new Promise((resolve) =>
      child.on('close', (status, signal) => {
        const code = status ?? 128 + constants.signals[signal as NodeJS.Signals];
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        for (const watch of this.watchers) watch();
      }),
    );
  }

  /** Waits until it has printed what matches. */
  async printed(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stderr'): Promise<void> {
    let isOver = false;
    void this.ended.then(() => {
      isOver = true;
    });
    await new Promise<void>((resolve, reject) => {
      const watch = (): void => {
        if (pattern.test(this[stream])) resolve();
        else if (isOver || this.child.exitCode !== null)
          reject(new Error(`ended without printing ${pattern}:\n${this.stdout}${this.stderr}`));
      };
      this.watchers.push(watch);
      watch();
    });
  }

  end(): Promise<Ended> {
    return this.ended;
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** The engine that the whole ring is run on, where it is to be another than the default: `S2S_TEST_ENGINE=tensorflow npm test`. */
const testEngine = process.env.S2S_TEST_ENGINE;

/** The arguments, with the engine to test where a command takes one and the test does not choose it. */
function withEngine(argv: readonly string[]): readonly string[] {
  const takesEngine = ['train', 'eval', 'decode'].includes(argv[0] ?? '') && !argv.includes('--engine');
  return testEngine && takesEngine ? [...argv, '--engine', testEngine] : argv;
}

/** Starts `s2s` with these arguments. Standard input stays open unless `input` is given. */
export function start(argv: readonly string[], { cwd, env, input, nodeOptions = [] }: Options = {}): Running {
  // More threads bring these small models nothing, and the tests of a file run side by side.
  const threads = argv.includes('--threads') ? [] : ['--threads', '1'];
  const child = spawn(process.execPath, [...nodeOptions, executable, ...withEngine(argv), ...threads], {
    cwd: cwd ?? tmpdir(),
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
  // A process that refuses its arguments does not read what it is given.
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  return new Running(child);
}

/** Runs `s2s` to its end. */
export function s2s(argv: readonly string[], options: Options = {}): Promise<Ended> {
  return start(argv, { input: '', ...options }).end();
}

/** Runs `s2s` and expects success. @returns its standard output */
export async function succeed(argv: readonly string[], options: Options = {}): Promise<string> {
  const { code, stdout, stderr } = await s2s(argv, options);
  if (code !== 0) throw new Error(`s2s ${argv.join(' ')}\nended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** A new folder of its own; the tests of a file share one and remove it at the end. */
export async function temporaryFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 's2s-integration-')));
}

export const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** A part of the fixture's lines. */
export async function fixtureLines(file: string, from = 0, to = Number.POSITIVE_INFINITY): Promise<string[]> {
  return (await readFile(join(fixture, file), 'utf8')).trimEnd().split('\n').slice(from, to);
}

/** What a tiny configuration is made of; every section can be extended. */
type Sections = Record<string, Record<string, unknown>>;

const TINY: Sections = {
  tokenizer: { kind: 'char' },
  batching: { maxTokens: 256 },
  model: { preset: 'tiny', modelDim: 16, feedForwardDim: 32, heads: 2, encoderLayers: 1, decoderLayers: 1, dropout: 0 },
  training: { steps: 12, learningRate: 0.005, warmupSteps: 4, validateEvery: 6, logEvery: 4 },
  decoding: { beam: 2, maxLength: 30 },
};

/** Writes a configuration; its data are `train.src`, `train.tgt`, `valid.src` and so on beside it. @returns its path */
export async function writeConfig(folder: string, sections: Sections = {}, name = 'config.yaml'): Promise<string> {
  const split = (base: string) => ({ source: `${base}.src`, target: `${base}.tgt` });
  const config: Record<string, unknown> = { task: 'translation', seed: 3 };
  config.data = { train: split('train'), valid: split('valid'), test: split('test'), ...sections.data };
  for (const key of new Set([...Object.keys(TINY), ...Object.keys(sections)])) {
    if (key !== 'data') config[key] = { ...TINY[key], ...sections[key] };
  }
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  await writeFile(file, stringify(config));
  return file;
}

/** Writes both sides of a split. */
export async function writeSplit(
  folder: string,
  name: string,
  source: readonly string[],
  target: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  await writeFile(join(folder, `${name}.src`), text(source));
  await writeFile(join(folder, `${name}.tgt`), text(target));
}

/** A project: a folder with a configuration and some of the fixture's lines as data. @returns the configuration's path */
export async function project(folder: string, sections: Sections = {}, rows = 120): Promise<string> {
  const sides = async (file: string, count: number) =>
    [await fixtureLines(`${file}.en`, 0, count), await fixtureLines(`${file}.de`, 0, count)] as const;
  await writeSplit(folder, 'train', ...(await sides('train', rows)));
  await writeSplit(folder, 'valid', ...(await sides('valid', 20)));
  await writeSplit(folder, 'test', ...(await sides('test', 30)));
  return writeConfig(folder, sections);
}

/** A copy of a run folder, to be damaged. */
export async function copyRun(run: string, to: string): Promise<string> {
  await cp(run, to, { recursive: true });
  return to;
}

/** The steps with a checkpoint in a run folder, ascending. */
export async function checkpointSteps(run: string): Promise<number[]> {
  const names = await readdir(join(run, 'checkpoints'));
  return names
    .flatMap((name) => /^step-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The records of metrics.jsonl without what differs between equal runs. */
export async function metricsOf(run: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { time: _time, ...record } = JSON.parse(line) as Record<string, unknown>;
      return record;
    });
}

/** Everything a checkpoint holds, but for the time it was saved at. */
export async function checkpointOf(run: string, step: number): Promise<{ tensors: string; state: unknown }> {
  const base = join(run, 'checkpoints', `step-${step}`);
  const { time: _time, ...state } = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Record<string, unknown>;
  const tensors = createHash('sha256')
    .update(await readFile(`${base}.safetensors`))
    .digest('hex');
  return { tensors, state };
}

/** Names in a folder that a process which was stopped in the middle of a write would leave. */
export async function leftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.s2s-tmp') || name.endsWith('.lock'));
}
