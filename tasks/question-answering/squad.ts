// Reads SQuAD: the JSON of versions 1.1 (Rajpurkar et al., 2016) and 2.0 (Rajpurkar et al., 2018), which XQuAD has too.
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { InputFile } from '../../src/data/files.js';
import { jsonDocument } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';
import type { QuestionRow } from './rows.js';

const squadSchema = z.object({
  data: z.array(
    z.object({
      paragraphs: z.array(
        z.object({
          context: z.string(),
          qas: z.array(
            z.object({
              id: z.string(),
              question: z.string(),
              answers: z.array(z.object({ text: z.string(), answer_start: z.int() })),
              is_impossible: z.boolean().default(false),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** `data[0].paragraphs[3].context` */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('');

/** The JSON of a file. @throws DataError naming the line where the parser tells the place */
async function parseFile({ name, handle }: InputFile): Promise<unknown> {
  const bytes = await handle.readFile();
  if (!isUtf8(bytes)) throw new DataError(`${name}: expected UTF-8 text; convert the file, for example with iconv`);
  return jsonDocument(bytes.toString('utf8').replace(/^\ufeff/, ''), name, 'the JSON of SQuAD');
}

/**
 * The questions of a file. `answer_start` counts code points of the context, as Python does.
 * @throws DataError naming the part of the file that is not as SQuAD has it
 */
export async function* readSquad(file: InputFile): AsyncGenerator<QuestionRow> {
  const { data, error } = squadSchema.safeParse(await parseFile(file));
  if (data === undefined) {
    const [issue] = error.issues;
    throw new DataError(
      `${file.name}: expected the JSON of SQuAD (\`data\`, \`paragraphs\`, \`qas\`), found at ${pathOf(issue?.path ?? []) || 'its top'}: ${issue?.message}`,
    );
  }
  let group = 0;
  for (const { context, qas } of data.data.flatMap(({ paragraphs }) => paragraphs)) {
    group += 1;
    const points = [...context];
    for (const { id, question, answers, is_impossible: isImpossible } of qas) {
      const right = isImpossible ? [] : answers;
      const isMisplaced = right.some(
        ({ text, answer_start: start }) => points.slice(start, start + [...text].length).join('') !== text,
      );
      const origin = `${file.name}: question ${id}`;
      yield { question, context, answers: right.map(({ text }) => text), origin, group, isMisplaced };
    }
  }
}
