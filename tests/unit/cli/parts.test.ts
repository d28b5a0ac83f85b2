// Option values, exit codes, tables, interrupts and the reading of /proc/cpuinfo.
import { CommanderError } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { reportFailure } from '../../../src/cli/exit.js';
import { OutputClosed, withInterrupt } from '../../../src/cli/interrupt.js';
import { defined, duration, finiteNumber, nameList, thresholds, wholeNumber } from '../../../src/cli/options.js';
import { displayWidth, jsonText, Output, tableLines } from '../../../src/cli/output.js';
import { installedVersion, parseCpuInfo } from '../../../src/cli/system.js';
import { ConfigError, DataError, EngineError, UsageError } from '../../../src/errors.js';
import { FakeProcess } from './recording.js';

describe('option values', () => {
  it.each([
    ['90', 90],
    ['0.5', 0.5],
    ['90s', 90],
    ['30m', 1800],
    ['1.5h', 5400],
    ['1h30m', 5400],
    ['1h1m1s', 3661],
  ])('reads the duration %s', (text, seconds) => {
    expect(duration(text)).toBe(seconds);
  });

  it.each(['', 'm', '3x', '-5', '0', '0s', '1m1h', '1h 30m', '1e3', 'Infinity'])('refuses the duration %j', (text) => {
    expect(() => duration(text)).toThrow('Expected a duration above 0');
  });

  it('reads numbers strictly', () => {
    expect(wholeNumber(1)('12')).toBe(12);
    for (const text of ['0', '-1', '1.5', '1e3', '', 'x', '99999999999999999999']) {
      expect(() => wholeNumber(1)(text)).toThrow('Expected a whole number of at least 1.');
    }
    expect(finiteNumber('-0.5')).toBe(-0.5);
    for (const text of ['', ' ', 'x', 'Infinity', 'NaN'])
      expect(() => finiteNumber(text)).toThrow('Expected a number.');
  });

  it('reads lists of names and thresholds', () => {
    expect(nameList('bleu, chrf,bleu')).toEqual(['bleu', 'chrf']);
    expect(() => nameList('bleu,')).toThrow('Expected names');
    const min = thresholds('min');
    expect(min('wer=1e-1', min('bleu=30', undefined))).toEqual([
      { metric: 'bleu', kind: 'min', limit: 30 },
      { metric: 'wer', kind: 'min', limit: 0.1 },
    ]);
    for (const text of ['bleu', 'bleu=', '=3', 'bleu=x', 'bleu=NaN'])
      expect(() => min(text, [])).toThrow('Expected metric');
  });

  it('leaves out what is undefined', () => {
    expect(defined({ a: 0, b: undefined, c: false })).toStrictEqual({ a: 0, c: false });
  });
});

function report(error: unknown, debug = false): { code: number; stderr: string } {
  let stderr = '';
  const output = new Output({ write: () => true }, { write: (text) => (stderr += text) }, {});
  return { code: reportFailure(error, output, debug), stderr };
}

describe('exit codes', () => {
  it.each([
    [new UsageError('u'), 2, 'error: u\n'],
    [new ConfigError('a:1:1: x\na:2:1: y'), 2, 'error: a:1:1: x\nerror: a:2:1: y\n'],
    [
      new ConfigError('it cannot be:\n  a: was 1, is 2\nso do this'),
      2,
      'error: it cannot be:\n  a: was 1, is 2\nso do this\n',
    ],
    [new ConfigError('a\n--set b=1: no'), 2, 'error: a\nerror: --set b=1: no\n'],
    [new DataError('d'), 65, 'error: d\n'],
    [new DataError('d', { missing: true }), 66, 'error: d\n'],
    [new EngineError('e'), 69, 'error: e\n'],
    [new CommanderError(1, 'commander.unknownOption', 'printed already'), 2, ''],
    [new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'), 0, ''],
    [new DOMException('stopped', 'AbortError'), 130, 'interrupted\n'],
  ])('of %s is %i', (error, code, stderr) => {
    expect(report(error)).toEqual({ code, stderr });
  });

  it('calls anything else a bug, with the stack only on request', () => {
    const message = 'error: internal error: odd; this is a bug, please report it with the output of `s2s doctor`\n';
    const error = new TypeError('odd');
    expect(report(error)).toEqual({ code: 70, stderr: `${message}(S2S_DEBUG=1 prints where it happened)\n` });
    expect(report(error, true)).toEqual({ code: 70, stderr: `${message}${error.stack}\n` });
    expect(report('odd').code).toBe(70);
  });
});

describe('withInterrupt', () => {
  it('aborts at the first SIGINT, exits at the second, also when the work has ended meanwhile', async () => {
    const source = new FakeProcess();
    let notices = 0;
    const result = await withInterrupt(
      source,
      () => notices++,
      async (signal) => {
        source.emit('SIGINT');
        expect([signal.aborted, notices, source.exits]).toEqual([true, 1, []]);
        source.emit('SIGINT');
        return 'done';
      },
    );
    expect([result, notices, source.exits]).toEqual(['done', 1, [130]]);
    source.emit('SIGINT');
    expect(source.exits).toEqual([130, 130]);
  });

  it('aborts when the reader of the output has gone, and ends without a word', async () => {
    const source = new FakeProcess();
    const closed = withInterrupt(
      source,
      () => {},
      async (signal) => {
        source.emit('outputClosed');
        signal.throwIfAborted();
      },
    );
    const error = await closed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutputClosed);
    expect(report(error)).toEqual({ code: 0, stderr: '' });
    expect([source.exits, source.listenerCount('outputClosed'), source.listenerCount('SIGINT')]).toEqual([[], 0, 0]);
  });

  it('removes its handler when the work fails', async () => {
    const source = new FakeProcess();
    await expect(
      withInterrupt(
        source,
        () => {},
        () => Promise.reject(new Error('no')),
      ),
    ).rejects.toThrow('no');
    expect(source.listenerCount('SIGINT')).toBe(0);
  });
});

describe('output', () => {
  it('aligns columns by what they take in a terminal', () => {
    expect(
      tableLines({
        heading: ['A', 'B'],
        rows: [
          ['日本', '1'],
          ['e\u0301', '22'],
        ],
        right: [1],
      }),
    ).toEqual(['A      B', '日本   1', 'e\u0301     22']);
    expect(displayWidth('a→😀')).toBe(4);
    expect(tableLines({ heading: ['', ''], rows: [['a', 'b']] })).toEqual(['a  b']);
  });

  it('writes numbers that JSON lacks as text', () => {
    expect(jsonText({ a: Number.NaN, b: [Number.NEGATIVE_INFINITY, 1.5] })).toBe('{"a":"NaN","b":["-Infinity",1.5]}');
  });

  it('colours only terminals, and not with NO_COLOR', () => {
    const print = (isTTY: boolean, environment: Record<string, string>): string => {
      let text = '';
      new Output({ write: () => true }, { write: (part) => (text += part), isTTY }, environment).error('no');
      return text;
    };
    expect(print(true, {})).toBe('\u001b[31merror:\u001b[39m no\n');
    expect(print(true, { NO_COLOR: '1' })).toBe('error: no\n');
    expect(print(false, {})).toBe('error: no\n');
  });
});

describe('system facts', () => {
  it('reads processors of x86 and ARM', () => {
    expect(
      parseCpuInfo('processor\t: 0\nmodel name\t: Some CPU @ 2GHz\nflags\t\t: fpu sse2 avx2 fma avx512f\n'),
    ).toEqual({
      model: 'Some CPU @ 2GHz',
      features: ['avx2', 'fma', 'avx512f'],
    });
    expect(parseCpuInfo('processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU part\t: 0xd0c\n')).toEqual({
      model: undefined,
      features: ['asimd', 'asimddp'],
    });
    expect(parseCpuInfo('')).toEqual({ model: undefined, features: [] });
  });

  it('finds the versions of installed packages', () => {
    expect(installedVersion('zod')).toMatch(/^4\./);
    expect(installedVersion('@s2s/no-such-package')).toBeNull();
  });
});
