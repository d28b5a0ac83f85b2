// Dialogue at the command line: replies to lines of every kind, and a chat.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remove, root, s2s, start, succeed, temporaryFolder } from './support.js';

const fixture = join(root, 'fixtures', 'dialogue');

let folder: string;
let run: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = join(folder, 'run');
  const steps = ['--set', 'training.steps=300', '--set', 'training.validateEvery=150'];
  await succeed(['train', join(fixture, 'config.yaml'), '--out', run, ...steps]);
});
afterAll(() => remove(folder));

const lines = (text: string): string[] => text.split('\n').slice(0, -1);
const decode = async (...input: string[]) => lines(await succeed(['decode', run], { input: `${input.join('\n')}\n` }));

describe('a model of the fixture', () => {
  it('says what was asked for, after turns in between', async () => {
    const { examples, metrics } = JSON.parse(await succeed(['eval', run, '--json']));
    expect(examples).toBe(165);
    expect(Object.keys(metrics)).toEqual(['bleu', 'distinct-1', 'distinct-2', 'responseLength', 'perplexity']);
    expect(metrics.bleu.score).toBeGreaterThan(80);
    expect(await decode(...lines(await readFile(join(fixture, 'sample.txt'), 'utf8')))).toHaveLength(4);
  });

  it('has the perplexity that validation measured', async () => {
    const records = lines(await readFile(join(run, 'metrics.jsonl'), 'utf8')).map((line) => JSON.parse(line));
    const measured = records.findLast(({ event }) => event === 'validation');
    const options = ['--split', 'valid', '--checkpoint', 'latest', '--metrics', 'perplexity', '--json'];
    const { metrics } = JSON.parse(await succeed(['eval', run, ...options]));
    expect(Object.keys(metrics)).toEqual(['perplexity']);
    expect(metrics.perplexity.score / measured.perplexity).toBeCloseTo(1, 5);
    const { negativeLogLikelihood, tokens, words, perWord } = metrics.perplexity.details;
    expect(Math.exp(negativeLogLikelihood / tokens)).toBeCloseTo(metrics.perplexity.score, 9);
    expect(perWord ** words / Math.exp(negativeLogLikelihood)).toBeCloseTo(1, 6);
  });

  it('has a perplexity of the rows that can be used, and names the others', async () => {
    const [source, reference] = [join(folder, 'turns.txt'), join(folder, 'replies.txt')];
    await writeFile(source, `Hello\n\n${'Hello '.repeat(1100)}\n`);
    await writeFile(reference, 'Hello\nHello\nHello\n');
    const files = ['--source', source, '--reference', reference];
    const { code, stdout, stderr } = await s2s(['eval', run, ...files, '--metrics', 'perplexity', '--json']);
    expect([code, JSON.parse(stdout).metrics.perplexity.details.words]).toEqual([0, 2]);
    expect(stderr).toContain(`warning: perplexity: 1 row left out of the loss because a side is blank: ${source}:2`);
    expect(stderr).toContain(`warning: perplexity: 1 row left out of the loss because a side is too long: ${source}:3`);
  });

  it('replies to plain text, texts and turns alike', async () => {
    const turns = ['I need a table for two', 'At what time?', 'At seven'];
    const speakers = ['user', 'system', 'user'];
    const objects = turns.map((text, i) => ({ speaker: speakers[i], text }));
    const [first, other, ...replies] = await decode(
      ...['Hello', '["Hello"]', JSON.stringify(turns), JSON.stringify(objects)],
      JSON.stringify({ turns: objects, reply: 'system' }),
    );
    expect(other).toBe(first);
    expect(new Set(replies).size).toBe(1);
    expect(replies[0]).toMatch(/^A table for /);
  });

  it('names the line that it cannot read, and speakers that it does not know', async () => {
    const { code, stderr } = await s2s(['decode', run], { input: 'Hello\n[Hello\n' });
    expect([code, stderr]).toEqual([
      65,
      expect.stringContaining('error: standard input:2: [Hello: expected a list of'),
    ]);
    const input = '[{"speaker": "USER", "text": "Hello"}]\n{\n';
    const passed = await s2s(['decode', run, '--on-bad', 'skip'], { input });
    expect([passed.code, lines(passed.stdout).length]).toEqual([0, 2]);
    expect(passed.stderr).toContain('warning: standard input:1: the vocabulary lacks "USER"');
    expect(passed.stderr).toMatch(/^warning: standard input:2: \{: .*; its output is blank$/m);
  });
});

describe('a chat', () => {
  it('prints a reply a line, to what has been said so far', async () => {
    const input = 'Hello\nI need a table for two\n\nAt seven\n/reset\nAt seven\n';
    const { code, stdout, stderr } = await s2s(['decode', run, '--chat'], { input });
    const turns = ['Hello', 'I need a table for two', 'At seven'];
    const said: string[] = [];
    for (const text of turns) said.push(text, (await decode(JSON.stringify([...said, text])))[0] ?? '');
    const replies = said.filter((_, i) => i % 2 === 1);
    expect([code, lines(stdout), stderr]).toEqual([0, [...replies, ...(await decode('At seven'))], '']);
  });

  it('replies at once, and ends when it is told to', async () => {
    const chat = start(['decode', run, '--chat']);
    chat.child.stdin?.write('Hello\n');
    await chat.printed(/\n/, 'stdout');
    chat.child.stdin?.write('/quit\nHello\n');
    const { code, stdout } = await chat.end();
    expect([code, lines(stdout).length]).toEqual([0, 1]);
  });

  it('gives turns that are too long no reply, and forgets them', async () => {
    const long = 'Hello '.repeat(1100);
    const { code, stdout, stderr } = await s2s(['decode', run, '--chat'], { input: `${long}\nHello\n` });
    expect([code, lines(stdout)]).toEqual([0, ['', ...(await decode('Hello'))]]);
    expect(stderr).toMatch(/^warning: the last turn: .*its output is blank$/m);
  });

  it.each([['--json'], ['--output', 'x'], ['--n-best', '2'], ['--scores']])(
    'does not go with %s',
    async (...option) => {
      const { code, stderr } = await s2s(['decode', run, '--chat', ...option]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("option '--chat' cannot be used with option '--")]);
    },
  );
});
