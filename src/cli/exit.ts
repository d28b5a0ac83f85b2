// The one place where failures become messages and exit codes.
import { CommanderError } from '@commander-js/extra-typings';
import { ConfigError, DataError, EngineError, UsageError } from '../errors.js';
import { OutputClosed } from './interrupt.js';
import type { Output } from './output.js';

/** Exit codes that do not belong to an error class. */
export const EXIT = { ok: 0, thresholdMissed: 1, usage: 2, internal: 70, interrupted: 130 } as const;

type UserError = UsageError | ConfigError | DataError | EngineError;

function isUserError(error: unknown): error is UserError {
  return [UsageError, ConfigError, DataError, EngineError].some((type) => error instanceof type);
}

/** Whether an error says that work was stopped by an AbortSignal. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/**
 * Prints what the user needs to know about a failure and returns the exit code of the command.
 * @param debug whether to print the stack of an internal error
 */
export function reportFailure(error: unknown, output: Output, debug: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message (or the help, or the version) already.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (isUserError(error)) {
    output.error(error.message);
    return error.exitCode;
  }
  if (error instanceof OutputClosed) return EXIT.ok;
  if (isAbort(error)) {
    output.log('interrupted');
    return EXIT.interrupted;
  }
  const message = error instanceof Error ? error.message : String(error);
  output.error(
    `internal error: ${message.replaceAll('\n', ' ')}; this is a bug, please report it with the output of \`s2s doctor\``,
  );
  if (debug) output.log(error instanceof Error && error.stack !== undefined ? error.stack : 'no stack');
  else output.log('(S2S_DEBUG=1 prints where it happened)');
  return EXIT.internal;
}
