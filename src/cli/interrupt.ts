// Ctrl-C: the first one asks the work to stop in order, the second one ends the process.

/** The part of `process` that is needed. */
export interface InterruptSource {
  on(event: 'SIGINT', listener: () => void): unknown;
  off(event: 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * Runs `work` with a signal that the first SIGINT aborts; the second SIGINT exits with code 130 at once.
 * @param onFirst called at the first SIGINT, to say what happens now
 */
export async function withInterrupt<T>(
  source: InterruptSource,
  onFirst: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) {
      source.exit(130);
      return;
    }
    onFirst();
    controller.abort();
  };
  source.on('SIGINT', listener);
  try {
    return await work(controller.signal);
  } finally {
    source.off('SIGINT', listener);
  }
}
