#!/usr/bin/env node
// The executable: runs the command line of this process and ends it with the right exit code.
import type { EventEmitter } from 'node:events';
import { reportFailure } from '../src/cli/exit.js';
import type { InterruptSource } from '../src/cli/interrupt.js';
import { library } from '../src/cli/library.js';
import { Output } from '../src/cli/output.js';
import { runCommandLine } from '../src/cli/program.js';
import { DataError } from '../src/errors.js';

const output = new Output(process.stdout, process.stderr, process.env);
const debug = process.env.S2S_DEBUG === '1';
const events: EventEmitter = process;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `s2s decode … | head`: whoever read our output has seen enough. A command at work hears of it and ends in order.
    if (error.code === 'EPIPE') {
      if (!events.emit('outputClosed')) process.exit(0);
      return;
    }
    const name = stream === process.stdout ? 'standard output' : 'standard error';
    process.exit(reportFailure(new DataError(`cannot write to ${name}: ${error.message}`), output, debug));
  });
}
process.on('uncaughtException', (error) => process.exit(reportFailure(error, output, debug)));

/** `process`, ended as an unhandled Ctrl-C ends it: `process.exit` waits for the engine's thread and crashes amid its work. */
const interrupts: InterruptSource = {
  on: (event, listener) => events.on(event, listener),
  off: (event, listener) => events.off(event, listener),
  exit(code) {
    if (process.platform === 'win32') process.exit(code);
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  },
};
const context = { library, output, process: interrupts, exitCode: 0 };
const code = await runCommandLine(process.argv.slice(2), context, debug);
// Ends the process even if standard input is still open, once what was printed has been handed over.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
process.exit(code);
