// What stops a command early: Ctrl-C, and a reader that has gone away.

/** The part of `process` that is needed. */
export interface InterruptSource {
  on(event: 'SIGINT' | 'outputClosed', listener: () => void): unknown;
  off(event: 'SIGINT' | 'outputClosed', listener: () => void): unknown;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Whoever read the output has seen enough, as in `s2s decode run | head`. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/**
 * Runs `work` with a signal that the first SIGINT aborts; the second SIGINT exits with code 130 at once.
 * An `outputClosed` aborts the signal too, without a word.
 * @param onFirst called at the first SIGINT, to say what happens now
 * @throws OutputClosed when the work failed after an `outputClosed`
 */
export async function withInterrupt<T>(
  source: InterruptSource,
  onFirst: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let isInterrupted = false;
  const interrupt = (): void => {
    if (isInterrupted) {
      source.exit(130);
      return;
    }
    isInterrupted = true;
    onFirst();
    controller.abort();
  };
  const closed = new OutputClosed('the output was closed');
  const close = (): void => controller.abort(closed);
  source.on('SIGINT', interrupt);
  source.on('outputClosed', close);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.reason === closed ? closed : error;
  } finally {
    source.off('outputClosed', close);
    // After an interrupt the process is about to end; another one until then must find the same handler.
    if (!isInterrupted) source.off('SIGINT', interrupt);
  }
}
