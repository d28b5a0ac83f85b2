#!/usr/bin/env node
// The executable: runs the command line of this process and ends it with the right exit code.
import { reportFailure } from '../src/cli/exit.js';
import { library } from '../src/cli/library.js';
import { Output } from '../src/cli/output.js';
import { runCommandLine } from '../src/cli/program.js';
import { DataError } from '../src/errors.js';

const output = new Output(process.stdout, process.stderr, process.env);
const debug = process.env.S2S_DEBUG === '1';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `s2s decode … | head`: whoever read our output has seen enough.
    if (error.code === 'EPIPE') process.exit(0);
    const name = stream === process.stdout ? 'standard output' : 'standard error';
    process.exit(reportFailure(new DataError(`cannot write to ${name}: ${error.message}`), output, debug));
  });
}
process.on('uncaughtException', (error) => process.exit(reportFailure(error, output, debug)));

const code = await runCommandLine(process.argv.slice(2), { library, output, process, exitCode: 0 }, debug);
// Ends the process even if standard input is still open, once what was printed has been handed over.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
process.exit(code);
