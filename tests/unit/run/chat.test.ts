// The loop of a chat: what is said, what is remembered, what is printed when.
import { describe, expect, it } from 'vitest';
import { converse } from '../../../src/run/chat.js';

/** Talks with a model that answers by counting turns. @returns everything that happened, in order */
async function talk(lines: readonly string[], silent: readonly string[] = []) {
  const events: string[] = [];
  await converse({
    lines: (async function* () {
      yield* lines;
    })(),
    reply: async (turns: readonly string[]) => {
      events.push(`reads ${turns.join('|')}`);
      return silent.includes(turns.at(-1) ?? '') ? undefined : String(turns.length);
    },
    write: async (text: string) => void events.push(`writes ${JSON.stringify(text)}`),
    prompt: () => events.push('prompts'),
    log: (line: string) => events.push(`logs ${line}`),
  });
  return events;
}

describe('a chat', () => {
  it('remembers what both have said, until it is told to forget', async () => {
    expect((await talk(['a', 'b', '/reset', 'c'])).filter((event) => event !== 'prompts')).toEqual([
      ...['reads a', 'writes "1\\n"', 'reads a|1|b', 'writes "3\\n"'],
      ...['reads c', 'writes "1\\n"'],
    ]);
  });

  it('prompts before each line, and ends with the lines or at /quit', async () => {
    expect(await talk(['a'])).toEqual(['prompts', 'reads a', 'writes "1\\n"', 'prompts']);
    expect(await talk([' /quit ', 'a'])).toEqual(['prompts']);
    expect(await talk([])).toEqual(['prompts']);
  });

  it('passes over blank lines and unknown commands, but not over text with a slash', async () => {
    const events = await talk(['  ', '/rest', '/etc is a folder']);
    expect(events.filter((event) => event !== 'prompts')).toEqual([
      'logs /rest: there is no such command; /reset forgets what was said, /quit ends the chat',
      'reads /etc is a folder',
      'writes "1\\n"',
    ]);
  });

  it('answers a turn that gets no reply with a blank line, and forgets it', async () => {
    const events = await talk(['a', 'too long', 'b'], ['too long']);
    expect(events.filter((event) => event !== 'prompts').slice(2)).toEqual([
      ...['reads a|1|too long', 'writes "\\n"', 'reads a|1|b', 'writes "3\\n"'],
    ]);
  });
});
