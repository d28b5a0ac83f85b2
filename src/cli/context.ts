// What every command is given: the library, where to print, the process it runs in.
import { type InterruptSource, withInterrupt } from './interrupt.js';
import type { Output } from './output.js';
import type { Library } from './types.js';

export interface CliContext {
  library: Library;
  output: Output;
  process: InterruptSource;
  /** Set by a command that ended in order but has something to say with its exit code. */
  exitCode: number;
}

/**
 * Runs interruptible work; when it ends in order after a Ctrl-C, the command's exit code is 130.
 * @param notice what the first Ctrl-C leads to, such as `saving a checkpoint`
 */
export function interruptible<T>(
  context: CliContext,
  notice: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const onFirst = (): void => {
    context.exitCode = 130;
    context.output.log(`${notice}, press Ctrl-C again to stop at once`);
  };
  return withInterrupt(context.process, onFirst, work);
}
