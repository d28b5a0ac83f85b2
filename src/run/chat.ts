// The library's `chat`: a conversation in the terminal, a line and its reply in turns.
import { tasks } from '../../tasks/index.js';
import { UsageError } from '../errors.js';
import { LineDecoder } from './decoder.js';
import { openLines } from './lines.js';
import { type OpenedRun, openRun } from './open.js';
import { openOutput } from './output.js';
import type { ChatOptions } from './types.js';

const HELP = '/reset forgets what was said, /quit ends the chat';

/** What a conversation needs. */
interface Talk {
  /** What the person writes. */
  readonly lines: AsyncIterable<string>;
  /** The reply to turns by the person and the model alternately, the person's last; undefined where there is none. */
  readonly reply: (turns: readonly string[]) => Promise<string | undefined>;
  readonly write: (text: string) => Promise<void>;
  /** Called before each line is waited for. */
  readonly prompt: () => void;
  readonly log: (line: string) => void;
}

/** Talks until the lines end or `/quit`. Blank lines say nothing. A turn without a reply gets a blank line and is forgotten. */
export async function converse({ lines, reply, write, prompt, log }: Talk): Promise<void> {
  let turns: string[] = [];
  prompt();
  for await (const line of lines) {
    const text = line.trim();
    if (text === '/quit') return;
    if (text === '/reset') turns = [];
    else if (/^\/\w*$/.test(text)) log(`${text}: there is no such command; ${HELP}`);
    else if (text !== '') {
      const said = [...turns, text];
      const answer = await reply(said);
      if (answer !== undefined) turns = [...said, answer];
      await write(`${answer ?? ''}\n`);
    }
    prompt();
  }
}

/** @throws UsageError naming the tasks that there is chatting with */
function checkTask({ task }: OpenedRun): (turns: readonly string[]) => string {
  if (task.chatLine) return (turns) => task.chatLine?.(turns) as string;
  const able = tasks.filter(({ chatLine }) => chatLine !== undefined).map(({ name }) => name);
  throw new UsageError(
    `--chat is for tasks that have turns (${able.join(', ')}), but the run's task is ${task.name}; leave it out`,
  );
}

/**
 * Reads turns from standard input and writes the replies to standard output, a line each, until the input ends or says `/quit`;
 * `/reset` begins anew. In a terminal a prompt is shown.
 * @throws UsageError for a task without turns
 */
export async function chat(options: ChatOptions): Promise<void> {
  const { signal, log = () => undefined, quiet = false, onLong = 'skip' } = options;
  const run = await openRun(options.run);
  const lineOf = checkTask(run);
  const decoder = await LineDecoder.open(run, { ...options, nBest: 1 }, options.checkpoint);
  const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (isTerminal && !quiet) log(HELP);
  const input = await openLines('-', signal);
  const output = await openOutput('-');
  try {
    await converse({
      lines: input.lines(),
      async reply(turns) {
        const [result] = await decoder.decode([lineOf(turns)], { onLong, origin: () => 'the last turn', signal, log });
        return result?.outputs[0]?.text;
      },
      write: (text) => output.write(text),
      prompt: () => isTerminal && process.stderr.write('> '),
      log,
    });
  } finally {
    await input.close();
    await decoder.close();
  }
}
