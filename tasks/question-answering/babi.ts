// Reads the stories of bAbI (Weston et al., 2015).
import type { InputFile } from '../../src/data/files.js';
import { fileChunks, readLines } from '../../src/data/lines.js';
import { DataError } from '../../src/errors.js';
import type { QuestionRow } from './rows.js';

/**
 * The questions of a file of numbered lines, where 1 begins a story. A line with tabs is a question, its answer and, perhaps, the
 * numbers of the statements that support it, which are not read; the context of a question is all statements of its story so far.
 * @throws DataError naming file and line
 */
export async function* readBabi({ name, handle }: InputFile): AsyncGenerator<QuestionRow> {
  let line = 0;
  let group = 0;
  let last = 0;
  let statements: string[] = [];
  for await (const text of readLines(fileChunks(handle), name)) {
    line += 1;
    const origin = `${name}:${line}`;
    const [, digits, rest = ''] = /^(\d+) (.*)$/s.exec(text) ?? [];
    const number = Number(digits ?? 0);
    if (number !== 1 && !(number > last && last > 0)) {
      const expected = last === 0 ? 'the number 1' : `a number above ${last} (or 1, for a new story)`;
      throw new DataError(
        `${origin}: expected ${expected}, a space and a statement or question, found ${JSON.stringify(text)}; correct the line`,
      );
    }
    if (number === 1) {
      group += 1;
      statements = [];
    }
    last = number;
    const [question = '', answer, , ...more] = rest.split('\t');
    if (answer === undefined) {
      statements.push(rest.trim());
      continue;
    }
    if (more.length > 0) {
      throw new DataError(
        `${origin}: expected a question, its answer and the numbers of statements between tabs, found ${more.length + 3} columns; correct the line`,
      );
    }
    yield { question: question.trim(), context: statements.join(' '), answers: [answer.trim()], origin, group };
  }
}
