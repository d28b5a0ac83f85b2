// Printing: results to standard output, everything else to standard error; tables, JSON, and colour where it is wanted.
import { styleText } from 'node:util';

/** A stream text can be written to. */
export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** A table: rows of cells under a heading. */
export interface Table {
  heading: readonly string[];
  rows: readonly (readonly string[])[];
  /** Columns (by index) aligned to the right, for numbers. */
  right?: readonly number[];
}

type Style = Parameters<typeof styleText>[0];

/** Columns a text takes in a terminal; combining marks take none, East Asian wide characters two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Cf}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

/** Lays a table out in columns two spaces apart; a heading of empty strings is left out. */
export function tableLines({ heading, rows, right = [] }: Table): string[] {
  const shown = heading.every((cell) => cell === '') ? rows : [heading, ...rows];
  const widths = heading.map((_, i) => Math.max(...shown.map((row) => displayWidth(row[i] ?? ''))));
  return shown.map((row) =>
    widths
      .map((width, i) => {
        const cell = row[i] ?? '';
        const space = ' '.repeat(width - displayWidth(cell));
        return right.includes(i) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The text of one JSON document on one line; NaN and infinities, which JSON lacks, become strings. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  );
}

/** `1 example`, `2 examples`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Where a command prints to. */
export class Output {
  constructor(
    private readonly stdout: TextStream,
    private readonly stderr: TextStream,
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  /** Text in a style where the stream is a terminal and NO_COLOR is not set (https://no-color.org), else plain. */
  private styled(stream: TextStream, style: Style, text: string): string {
    const coloured =
      stream.isTTY === true && (this.environment.NO_COLOR ?? '') === '' && this.environment.TERM !== 'dumb';
    // The stream has been checked here; without `validateStream: false` newer versions of Node look at process.stdout.
    return coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  /** A line of the result. */
  result(line: string): void {
    this.stdout.write(`${line}\n`);
  }

  /** The result as one JSON document. */
  json(value: unknown): void {
    this.result(jsonText(value));
  }

  /** A table of results. */
  table(table: Table): void {
    const lines = tableLines(table);
    const hasHeading = table.heading.some((cell) => cell !== '');
    for (const [i, line] of lines.entries()) {
      this.result(i === 0 && hasHeading ? this.styled(this.stdout, 'bold', line) : line);
    }
  }

  /** A line that is not a result: progress, a warning. */
  log(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** A message about a failure; those of its lines that start with a position are errors of their own. */
  error(message: string): void {
    const label = this.styled(this.stderr, 'red', 'error:');
    for (const [i, line] of message.split('\n').entries()) {
      this.log(i === 0 || /^(\S.*:\d+:\d+|--set .*): /.test(line) ? `${label} ${line}` : line);
    }
  }

  /** Text as it is to standard output (`stdout`) or standard error. */
  raw(stream: 'stdout' | 'stderr', text: string): void {
    this[stream].write(text);
  }
}
