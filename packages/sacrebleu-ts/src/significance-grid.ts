// Tables of scores as the package tabulate draws them for sacreBLEU's command: with lines, or for LaTeX.

/** Length in code points, as Python counts. */
const lengthOf = (text: string) => [...text].length;

const right = (text: string, width: number) => ' '.repeat(width - lengthOf(text)) + text;
const centre = (text: string, width: number) => {
  const room = width - lengthOf(text);
  const before = Math.floor(room / 2);
  return ' '.repeat(before) + text + ' '.repeat(room - before);
};

/** A table with its cells padded to the columns' widths: names to the right, scores in the middle. */
export interface Table {
  readonly widths: number[];
  /** Rows of cells of lines, the titles first; the cells of a row have equally many lines. */
  readonly rows: string[][][];
}

/** @param rows cells of lines, the first row being the titles */
export function layOut(rows: readonly string[][][]): Table {
  const titles = rows[0]!.map(([title]) => title!);
  // A column leaves at least one space on both sides of its title, besides the table's own.
  const widths = titles.map((title, column) =>
    Math.max(lengthOf(title) + 2, ...rows.flatMap((row) => row[column]!.map(lengthOf))),
  );
  const padded = rows.map((row) => {
    const height = Math.max(...row.map((lines) => lines.length));
    return row.map((lines, column) =>
      Array.from({ length: height }, (_, i) => (column === 0 ? right : centre)(lines[i] ?? '', widths[column]!)),
    );
  });
  return { widths, rows: padded };
}

/** The table drawn with lines between all cells. */
export function drawGrid({ widths, rows }: Table): string {
  const rule = (start: string, fill: string, between: string, end: string) =>
    start + widths.map((width) => fill.repeat(width + 2)).join(between) + end;
  const lines = rows.map((row) =>
    row[0]!.map((_, i) => `│${row.map((cell) => ` ${cell[i]!} `).join('│')}│`).join('\n'),
  );
  const [titles, ...others] = lines;
  return [
    rule('╒', '═', '╤', '╕'),
    titles!,
    rule('╞', '═', '╪', '╡'),
    others.join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('╘', '═', '╧', '╛'),
  ].join('\n');
}

const LATEX_ESCAPES: Readonly<Record<string, string>> = {
  '^': '\\^{}',
  '~': '\\textasciitilde{}',
  '\\': '\\textbackslash{}',
  '<': '\\ensuremath{<}',
  '>': '\\ensuremath{>}',
};
const escapeLatex = (text: string) =>
  text.replace(/[&%$#_{}^~\\<>]/g, (character) => LATEX_ESCAPES[character] ?? `\\${character}`);

/** The table for LaTeX's package booktabs. */
export function drawLatex({ widths, rows }: Table): string {
  const lines = rows.map((row) => `${row.map(([cell]) => ` ${escapeLatex(cell!)} `).join('&')}\\\\`);
  const [titles, ...others] = lines;
  return [
    `\\begin{tabular}{r${'c'.repeat(widths.length - 1)}}`,
    '\\toprule',
    titles!,
    '\\midrule',
    ...others,
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

/** The list of signatures that follows a table. */
export function listSignatures(
  metrics: readonly { name: string; signature: string; shortSignature: string }[],
  short: boolean,
): string {
  const lines = metrics.map(
    ({ name, signature, shortSignature }) => ` - ${name.padEnd(10)} ${short ? shortSignature : signature}`,
  );
  return ['-----------------', 'Metric signatures', '-----------------', ...lines].join('\n');
}
