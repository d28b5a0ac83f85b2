// Command lines: what the library is asked, what is printed where, which exit code follows.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import { EVALUATION, FakeProcess, record, TRAINING } from './recording.js';

const common = { engine: 'auto' };

describe('train', () => {
  it('passes its options on', async () => {
    const line =
      'train c.yaml --out run --set a.b=1 --set c=[2] --max-steps 5 --max-time 30m --engine cpu --threads 2 --seed 0';
    const { code, calls, stdout } = await record([...line.split(' '), '--quiet']);
    expect(code).toBe(0);
    expect(calls).toEqual([
      {
        engine: 'cpu',
        threads: 2,
        seed: 0,
        quiet: true,
        config: 'c.yaml',
        out: 'run',
        set: ['a.b=1', 'c=[2]'],
        maxSteps: 5,
        maxSeconds: 1800,
      },
    ]);
    expect(stdout).toBe(
      `task        translation
run         run
parameters  1.25 M
steps       10 (max-steps)
seconds     2.0
best        step 8, loss 2.50
`,
    );
  });

  it('says when it trains the built-in example', async () => {
    const { calls, stderr, stdout } = await record(['train', '--json']);
    expect(calls).toEqual([common]);
    expect(stderr).toBe('no CONFIG given: training the built-in example from end to end\n');
    expect(JSON.parse(stdout)).toEqual(TRAINING);
    expect((await record(['train', '--resume', '--out', 'run'])).stderr).toBe('');
  });

  it('prints the scores and samples of the built-in example', async () => {
    const samples = [{ source: 'a b', output: 'A B' }];
    const { stdout } = await record(['train'], { train: async () => ({ ...TRAINING, test: EVALUATION, samples }) });
    expect(stdout).toContain('\n\nMETRIC   SCORE  SIGNATURE\nbleu     31.26  nrefs:1|case:mixed\n');
    expect(stdout.endsWith('\n\na b\n→ A B\n')).toBe(true);
  });

  it('sends what is not a result to standard error', async () => {
    const train = async (options: { log?: (line: string) => void; quiet?: boolean }) => {
      options.log?.(options.quiet ? 'a warning' : 'step 1');
      return TRAINING;
    };
    expect((await record(['train', 'c'], { train })).stderr).toBe('step 1\n');
    expect((await record(['train', '--quiet'], { train })).stderr).toBe('a warning\n');
  });

  it('saves and exits with 130 after a Ctrl-C', async () => {
    const interrupted = new FakeProcess();
    const train = async ({ signal }: { signal?: AbortSignal }) => {
      interrupted.emit('SIGINT');
      expect(signal?.aborted).toBe(true);
      return TRAINING;
    };
    const { code, stdout, stderr } = await record(['train', 'c'], { train }, interrupted);
    expect(code).toBe(130);
    expect(stdout).toContain('steps       10 (max-steps)\n');
    expect(stderr).toBe('saving a checkpoint, press Ctrl-C again to stop at once\n');
  });
});

describe('eval', () => {
  it('evaluates a run', async () => {
    const line =
      'eval run --split valid --metrics bleu,cer --beam 4 --length-penalty -0.5 --batch-size 8 --checkpoint step-5 --tokenize intl --lowercase';
    const { code, calls, stdout, stderr } = await record(line.split(' '));
    expect(code).toBe(0);
    expect(calls).toEqual([
      {
        ...common,
        run: 'run',
        split: 'valid',
        metrics: ['bleu', 'cer'],
        beam: 4,
        lengthPenalty: -0.5,
        batchSize: 8,
        checkpoint: 'step-5',
        tokenize: 'intl',
        lowercase: true,
      },
    ]);
    expect(stdout).toBe('METRIC   SCORE  SIGNATURE\nbleu     31.26  nrefs:1|case:mixed\ncer     0.1250  chars\n');
    expect(stderr).toBe('translation test: 3 examples in 1.5 s\n');
  });

  it('scores files against several references', async () => {
    const { calls } = await record('eval --metrics bleu --hypotheses out --reference a b --json'.split(' '));
    expect(calls).toEqual([{ ...common, hypotheses: 'out', reference: ['a', 'b'], metrics: ['bleu'] }]);
  });

  it('prints one JSON document', async () => {
    const { stdout } = await record(['eval', 'run', '--json']);
    expect(JSON.parse(stdout)).toEqual(EVALUATION);
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('holds scores against thresholds', async () => {
    const kept = await record('eval run --min bleu=31.256 --max cer=0.2'.split(' '));
    expect(kept.code).toBe(0);
    const missed = await record('eval run --min bleu=30 --min bleu=32 --max cer=0.1 --json --quiet'.split(' '));
    expect(missed.code).toBe(1);
    expect(JSON.parse(missed.stdout).thresholds).toEqual([
      { metric: 'bleu', kind: 'min', limit: 30, score: 31.256, passed: true },
      { metric: 'bleu', kind: 'min', limit: 32, score: 31.256, passed: false },
      { metric: 'cer', kind: 'max', limit: 0.1, score: 0.125, passed: false },
    ]);
    expect(missed.stderr).toBe(
      'error: --min bleu=32 missed: bleu is 31.26\nerror: --max cer=0.1 missed: cer is 0.1250\n',
    );
  });

  it('takes a score that is not a number as a miss', async () => {
    const evaluate = async () => ({ ...EVALUATION, metrics: { cer: { score: Number.NaN, signature: '' } } });
    const { code, stdout } = await record('eval run --max cer=1 --json'.split(' '), { evaluate });
    expect(code).toBe(1);
    expect(JSON.parse(stdout).metrics).toEqual({ cer: { score: 'NaN', signature: '' } });
  });

  it.each([
    ['eval', 'expected a run folder to evaluate, or --hypotheses FILE --reference FILE to score files'],
    ['eval run --hypotheses f', 'expected a run folder or --hypotheses, found both: run and f'],
    ['eval --hypotheses f', '--hypotheses needs --reference FILE, what the outputs are scored against'],
    ['eval run --source f', '--source needs --reference FILE as well; without both, the split of the config is used'],
    [
      'eval run --reference f',
      '--reference needs --source FILE as well; without both, the split of the config is used',
    ],
    ['eval run --min belu=3', '--min belu=3: unknown metric `belu`; did you mean `bleu`?'],
    ['eval run --max fid=3', '--max fid=3: unknown metric `fid`; the metrics here are `bleu`, `cer`'],
    ['eval run --metrics chrf --min bleu=3', '--min bleu=3: unknown metric `bleu`; the metrics here are `chrf`'],
  ])('refuses %j', async (line, message) => {
    const { code, stdout, stderr } = await record(line.split(' '));
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(`error: ${message}\n`);
  });
});

describe('decode', () => {
  it('reads standard input and writes standard output by default', async () => {
    const { code, calls, stdout, stderr } = await record(['decode', 'run']);
    expect(code).toBe(0);
    expect(calls).toEqual([{ ...common, run: 'run', input: '-', output: '-' }]);
    expect(stdout).toBe('');
    expect(stderr).toBe('4 examples in 2.0 s (2.0/s), 1 cut as too long\n');
  });

  it('passes its options on', async () => {
    const line =
      'decode run --input a --output b --beam 4 --n-best 2 --scores --length-penalty 0.6 --max-length 50 --batch-size 7 --on-long skip --json';
    const { calls, stdout, stderr } = await record(line.split(' '));
    expect(calls).toEqual([
      {
        ...common,
        run: 'run',
        input: 'a',
        output: 'b',
        beam: 4,
        nBest: 2,
        scores: true,
        lengthPenalty: 0.6,
        maxLength: 50,
        batchSize: 7,
        onLong: 'skip',
        json: true,
      },
    ]);
    expect(JSON.parse(stdout)).toEqual({ examples: 4, seconds: 2, truncated: 1 });
    expect(stderr).toBe('');
  });

  it('takes --greedy as a beam of 1', async () => {
    expect((await record(['decode', 'run', '--greedy'])).calls).toEqual([
      { ...common, run: 'run', input: '-', output: '-', beam: 1 },
    ]);
  });

  it('refuses an n-best list larger than the beam', async () => {
    const { code, stderr } = await record('decode run --greedy --n-best 2'.split(' '));
    expect(code).toBe(2);
    expect(stderr).toBe('error: --n-best 2 needs a beam of at least 2, found --greedy\n');
  });

  it('chats', async () => {
    const line = 'decode run --chat --sample --top-p 0.9 --max-length 20 --checkpoint latest --seed 3';
    const { code, calls, stdout, stderr } = await record(line.split(' '));
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(calls).toEqual([
      { ...common, seed: 3, run: 'run', method: 'sample', topP: 0.9, maxLength: 20, checkpoint: 'latest' },
    ]);
  });
});

describe('tasks', () => {
  it('prints a table or JSON', async () => {
    expect((await record(['tasks'])).stdout).toBe(
      `TASK         SOURCE → TARGET                  METRICS     RECIPES
translation  text → text in another language  bleu, chrf  multi30k
copy         text → text
`,
    );
    expect(JSON.parse((await record(['tasks', '--json'])).stdout)).toEqual([
      {
        name: 'translation',
        source: 'text',
        target: 'text in another language',
        metrics: ['bleu', 'chrf'],
        recipes: ['multi30k'],
      },
      { name: 'copy', source: 'text', target: 'text', metrics: [], recipes: [] },
    ]);
  });
});

describe('init', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 's2s-init-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes a config and a README, and never overwrites', async () => {
    const directory = join(folder, 'new', 'project');
    const config = join(directory, 'config.yaml');
    const first = await record(['init', 'translation', directory]);
    expect(first.code).toBe(0);
    expect(first.stdout).toBe(`${config}\n${join(directory, 'README.md')}\n`);
    expect(await readFile(config, 'utf8')).toBe(
      `# The task. (\`translation\`; required)
task: translation
# Steps. (a whole number of at least 1; default 100)
steps: 250
`,
    );
    expect(await readFile(join(directory, 'README.md'), 'utf8')).toContain('s2s train config.yaml --out run');
    const second = await record(['init', 'translation', directory]);
    expect(second.code).toBe(2);
    expect(second.stderr).toBe(
      `error: ${config} exists already and is left as it is; name another folder or move it away\n`,
    );
  });

  it('suggests the task that was meant', async () => {
    const { code, stderr } = await record(['init', 'translatoin', folder]);
    expect(code).toBe(2);
    expect(stderr).toBe('error: unknown task `translatoin`; did you mean `translation`?\n');
    expect((await record(['init', 'x', folder])).stderr).toBe(
      'error: unknown task `x`; the tasks are `translation`, `copy`\n',
    );
  });
});

describe('doctor', () => {
  it('reports versions, machine and speeds as JSON', async () => {
    const { code, stdout } = await record(['doctor', '--json', '--threads', '1', '--quiet']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.versions.node).toBe(process.versions.node);
    expect(report.cpu.usedThreads).toBe(1);
    expect(report.memory.total).toBeGreaterThan(0);
    expect(report.engines.map(({ name }: { name: string }) => name)).toEqual(['onnxruntime', 'tensorflow', 'cpu']);
    expect(report.engines[2]).toMatchObject({ package: '@tensorflow/tfjs-backend-cpu', gflops: 0.5, problem: null });
  });

  it('tells of an engine that does not work, and fails where it was asked for', async () => {
    const measureSpeed = async () => {
      throw new Error('no such symbol\nin the library');
    };
    const all = await record(['doctor', '--quiet'], { measureSpeed });
    expect(all.code).toBe(0);
    expect(all.stdout).toContain('does not work: no such symbol\n');
    const one = await record(['doctor', '--engine', 'cpu', '--quiet'], { measureSpeed });
    expect(one.code).toBe(69);
    expect(one.stderr).toBe('error: engine cpu: does not work: no such symbol\n');
  });
});

describe('usage', () => {
  it.each([
    ['train --sett a=1', "error: unknown option '--sett'\n(Did you mean --set?)"],
    ['trian', "error: unknown command 'trian'\n(Did you mean train?)"],
    ['decode', "error: missing required argument 'dir'"],
    ['train a b', "error: too many arguments for 'train'. Expected 1 argument but got 2."],
    ['train --engine gpu', 'Allowed choices are auto, onnxruntime, tensorflow, cpu.'],
    ['train --threads 0', 'Expected a whole number of at least 1.'],
    ['decode r --beam 2 --greedy', "error: option '--greedy' cannot be used with option '--beam <n>'"],
    ['eval r --split a --source b', "error: option '--split <name>' cannot be used with option '--source <file>'"],
    ['eval r --min bleu', 'Expected metric=score, such as bleu=30.'],
    ['decode r --chat --json', "error: option '--chat' cannot be used with option '--json'"],
    ['decode r --chat --input x', "error: option '--chat' cannot be used with option '--input <file>'"],
    ['decode r --chat --n-best 2', "error: option '--chat' cannot be used with option '--n-best <n>'"],
    ['decode r --sample --beam 2', "error: option '--sample' cannot be used with option '--beam <n>'"],
  ])('refuses %j with exit code 2', async (line, message) => {
    const { code, stdout, stderr, calls } = await record(line.split(' '));
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(calls).toEqual([]);
  });

  it('shows help on standard error without a command, on standard output when asked', async () => {
    const bare = await record([]);
    expect([bare.code, bare.stdout]).toEqual([2, '']);
    expect(bare.stderr).toContain('Usage: s2s');
    for (const name of ['train', 'eval', 'decode', 'init', 'tasks', 'doctor']) {
      const { code, stdout, stderr } = await record([name, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Usage: s2s ${name}`);
      expect(stdout).toContain('Examples:');
      for (const option of ['--json', '--quiet', '--engine', '--threads', '--seed']) expect(stdout).toContain(option);
    }
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(await record(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('exits with the code of the error the library throws', async () => {
    const decode = async () => {
      throw new DataError('in.txt:3: expected text', { missing: false });
    };
    expect(await record(['decode', 'run'], { decode })).toMatchObject({
      code: 65,
      stdout: '',
      stderr: 'error: in.txt:3: expected text\n',
    });
  });
});
