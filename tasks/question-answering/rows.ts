// What readers of questions yield, and the readers of files with a question a line: JSONL and TSV.
import type { InputFile } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { columnReader, jsonField, jsonObject, jsonText } from '../../src/data/rows.js';
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

/** Reads columns of TSV. @param first the first line of the file, the header where a column is named */
function tsvReader(first: string, split: QuestionSplit, file: string): CellReader {
  const { questionColumn = 'question', contextColumn = 'context', answerColumn = 'answer' } = split;
  const read = columnReader(first, `${file}:1`, { questionColumn, contextColumn, answerColumn });
  return (line, origin) => {
    const cells = read(line, origin);
    return {
      question: cells.questionColumn,
      context: cells.contextColumn,
      answers: cells.answerColumn.split(ANSWER_SEPARATOR).map((text) => text.trim()),
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
      reader = tsvReader(line, split, name);
      if (hasHeader(split)) continue;
    }
    const origin = `${name}:${number}`;
    const cells = reader(line, origin);
    if (cells.context !== known) group += 1;
    known = cells.context;
    yield { ...cells, origin, group };
  }
}
