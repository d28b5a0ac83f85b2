// What readers of questions yield, and the readers of files with a question a line: JSONL and TSV.
import type { InputFile } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { jsonField, jsonObject, jsonText } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';
import type { QuestionSplit } from './config.js';
import type { Question } from './lines.js';

/** A question with its answers, as it stands in a file. */
export interface QuestionRow extends Question {
  /** All that would be right; none where the file says that the context has no answer. */
  readonly answers: readonly string[];
  /** `file:line`, or `file:` and what the file calls the question. */
  readonly origin: string;
  /** Number of its story, its paragraph or, in tables, the run of rows with the same context: what parts do not divide. */
  readonly group: number;
  /** Whether an answer is said to stand in the context where it does not. */
  readonly isMisplaced?: boolean;
}

/** What stands between several answers in one column of TSV. */
const ANSWER_SEPARATOR = '|||';

/** A line of a table. */
type Cells = Omit<QuestionRow, 'group' | 'origin'>;
type CellReader = (line: string, origin: string) => Cells;

/** Reads JSON objects: a string under the keys of question and context, a string or a list of them under that of the answers. */
function jsonlReader({ questionColumn, contextColumn, answerColumn }: QuestionSplit): CellReader {
  return (line, origin) => {
    const object = jsonObject(line, origin);
    const cell = (key: string): unknown => jsonField(object, key);
    const text = (value: unknown, key: string) => jsonText(value, origin, `under ${JSON.stringify(key)}`);
    const given = answerColumn === undefined ? ['answers', 'answer'].filter((key) => cell(key) !== undefined) : [];
    if (given.length > 1) {
      throw new DataError(`${origin}: expected "answers" or "answer", found both; set \`answerColumn\` to one of them`);
    }
    const key = String(answerColumn ?? given[0] ?? 'answers');
    const value = cell(key);
    const [question, context] = [String(questionColumn ?? 'question'), String(contextColumn ?? 'context')];
    return {
      question: text(cell(question), question),
      context: text(cell(context), context),
      answers: Array.isArray(value) ? value.map((answer) => text(answer, key)) : [text(value, key)],
    };
  };
}

/** Reads tab-separated columns, as many as the first line has. @param first that line, the header where a column is named */
function tsvReader(first: readonly string[], split: QuestionSplit, file: string): CellReader {
  const width = first.length;
  const [question, context, answer] = (['question', 'context', 'answer'] as const).map((name) => {
    const wanted = split[`${name}Column`] ?? name;
    const place = typeof wanted === 'number' ? wanted : first.indexOf(wanted);
    if (place >= 0 && place < width) return place;
    const setting = `(\`${name}Column\`)`;
    throw new DataError(
      typeof wanted === 'number'
        ? `${file}:1: expected a column ${wanted} ${setting}, counted from 0, found ${width} columns`
        : `${file}:1: expected a header with a column ${JSON.stringify(wanted)} ${setting}, found ${first.map((cell) => JSON.stringify(cell)).join(', ')}; add a header line, or set the columns`,
    );
  }) as [number, number, number];
  return (line, origin) => {
    const cells = line.split('\t');
    if (cells.length !== width) {
      throw new DataError(
        `${origin}: expected ${width} tab-separated columns as on the first line, found ${cells.length}; correct the line`,
      );
    }
    return {
      question: cells[question] as string,
      context: cells[context] as string,
      answers: (cells[answer] as string).split(ANSWER_SEPARATOR).map((text) => text.trim()),
    };
  };
}

/** Whether the first line of a TSV file names columns: it does unless all three are numbers. */
const hasHeader = ({ questionColumn, contextColumn, answerColumn }: QuestionSplit): boolean =>
  [questionColumn, contextColumn, answerColumn].some((column) => typeof column !== 'number');

/** The questions of a JSONL or TSV file. @throws DataError naming file and line of what cannot be read */
export async function* readTable(
  { name, handle }: InputFile,
  split: QuestionSplit,
  format: 'jsonl' | 'tsv',
): AsyncGenerator<QuestionRow> {
  let reader = format === 'jsonl' ? jsonlReader(split) : undefined;
  let number = 0;
  let group = 0;
  let known: string | undefined;
  for await (const line of readLines(fileChunks(handle), name)) {
    number += 1;
    if (!reader) {
      reader = tsvReader(line.split('\t'), split, name);
      if (hasHeader(split)) continue;
    }
    const origin = `${name}:${number}`;
    const cells = reader(line, origin);
    if (cells.context !== known) group += 1;
    known = cells.context;
    yield { ...cells, origin, group };
  }
}
