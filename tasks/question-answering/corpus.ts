// Opens a split of questions: each a row with its first answer as the target and all of its answers as references.
import { type Corpus, listed } from '../../src/data/corpus.js';
import { openInput } from '../../src/data/files.js';
import { listedCorpus } from '../../src/data/listed-corpus.js';
import { isBlank, NAMED_EXAMPLES } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import { readBabi } from './babi.js';
import { formatOf, type QuestionAnsweringConfig, type QuestionSplit } from './config.js';
import { formatLine } from './lines.js';
import { type QuestionRow, readTable } from './rows.js';
import { readSquad } from './squad.js';

/** All questions of a split's file. */
async function readQuestions(split: QuestionSplit, cacheDir: string): Promise<QuestionRow[]> {
  const input = await openInput(split.file, cacheDir);
  try {
    const format = formatOf(split);
    const rows: QuestionRow[] = [];
    const reader =
      format === 'squad'
        ? readSquad(input)
        : format === 'babi'
          ? readBabi(input)
          : readTable(input, split, format ?? 'jsonl');
    for await (const row of reader) rows.push(row);
    return rows;
  } finally {
    await input.handle.close();
  }
}

/** The rows of a part, by groups: those from the share `from` of the groups up to the share `to`. */
function partOf(rows: readonly QuestionRow[], { part }: QuestionSplit): readonly QuestionRow[] {
  if (part === undefined) return rows;
  const groups = [...new Set(rows.map(({ group }) => group))];
  const at = (share: number) => Math.round(share * groups.length);
  const taken = new Set(groups.slice(at(part.from), at(part.to)));
  return rows.filter(({ group }) => taken.has(group));
}

/** What is done with rows that something is wrong with. */
interface Rule {
  readonly setting: string;
  readonly action: 'error' | 'skip' | 'keep';
  /** What is wrong, after `question` or `questions`. */
  readonly problem: string;
  readonly isMet: (row: QuestionRow) => boolean;
}

/** Applies a rule, and tells what it was used on. @throws DataError where rows are not to be used so */
function applyRule(rows: readonly QuestionRow[], rule: Rule, log: TaskContext['log']): readonly QuestionRow[] {
  const met = rows.filter(rule.isMet);
  if (met.length === 0) return rows;
  const { setting, action, problem } = rule;
  const count = `${met.length} ${met.length === 1 ? 'question' : 'questions'}`;
  const places = listed(
    met.slice(0, NAMED_EXAMPLES).map(({ origin }) => origin),
    met.length,
  );
  if (action === 'error') {
    throw new DataError(
      `${met[0]?.origin}: expected an answer, found a question ${problem}; correct it, or set ${setting}; ${count} in all: ${places}`,
    );
  }
  log?.(`warning: ${count} ${problem} ${action === 'skip' ? 'left out' : 'used'} (${setting}: ${action}): ${places}`);
  return action === 'skip' ? rows.filter((row) => !rule.isMet(row)) : rows;
}

/**
 * Opens a split. Its rows are in memory. The source of a row is the line that {@link formatLine} makes of it; it is blank where
 * the question or the context is, so that `batching.onBlank` applies.
 * @throws DataError naming file and line, or the question, of what cannot be used
 */
export async function openQuestions(
  { data }: QuestionAnsweringConfig,
  split: QuestionSplit,
  { cacheDir, log }: TaskContext,
): Promise<Corpus> {
  const unanswerable: Rule = {
    setting: 'data.unanswerable',
    action: data.unanswerable,
    problem: 'without an answer',
    isMet: ({ answers }) => answers.every(isBlank),
  };
  const misplaced: Rule = {
    setting: 'data.onBadAnswer',
    action: data.onBadAnswer ?? 'error',
    problem: 'with an answer that does not stand at its answer_start',
    isMet: ({ isMisplaced = false }) => isMisplaced,
  };
  const all = partOf(await readQuestions(split, cacheDir), split);
  const rows = applyRule(applyRule(all, misplaced, log), unanswerable, log).map(
    ({ question, context, answers, origin }) => {
      if (answers.some(isBlank))
        throw new DataError(
          `${origin}: expected answers with text, found a blank one among ${answers.length}; remove it`,
        );
      const source = isBlank(question) || isBlank(context) ? '' : formatLine({ question, context });
      return { source, target: answers[0] as string, references: answers, origin };
    },
  );
  if (rows.length > 0) return listedCorpus(rows);
  const where = split.part ? `the part ${split.part.from} to ${split.part.to} of its contexts` : 'it';
  throw new DataError(`${split.file}: expected at least one question with an answer in ${where}, found none`);
}
