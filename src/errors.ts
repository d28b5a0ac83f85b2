// The four kinds of failure a user can meet, and the exit code each one ends a command with.

/** Wrong command-line usage: an unknown option, a missing argument. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly exitCode: number = 2;
}

/** A configuration that cannot be used: unknown key, wrong type, contradictory values. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly exitCode: number = 2;
}

/** Bad data: says file, line, what was expected, what was found and what to do. Exit code 65, or 66 when a file is absent. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly exitCode: number;
  /** @param missing true when an input file does not exist or cannot be opened (exit code 66 instead of 65). */
  constructor(message: string, options: { missing?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.missing ? 66 : 65;
  }
}

/** The chosen engine cannot be used here: not installed, or it refused the program. Exit code 69. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly exitCode: number = 69;
}
