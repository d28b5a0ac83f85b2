// Questions as they are read: four formats, parts of files, and what is wrong with answers.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawRow } from '../../../../src/data/corpus.js';
import { questionAnswering } from '../../../../tasks/question-answering/adapter.js';
import { parseLine } from '../../../../tasks/question-answering/lines.js';
import { folder, parsed, put, type Sections } from './support.js';

/** The rows of a split as `[question, context, ...answers]`, where they stand, and what the log was told. */
async function opened(split: Sections, data: Sections = {}) {
  const config = questionAnswering.configSchema.parse(parsed(split, data).data);
  const log: string[] = [];
  const context = { cacheDir: join(folder, 'cache'), log: (line: string) => log.push(line) };
  const corpus = await questionAnswering.openCorpus(config, config.data.train, context);
  const rows: RawRow[] = [];
  for await (const row of corpus.rows()) rows.push(row);
  await corpus.close();
  const { warnings } = corpus;
  const lines = rows.map(({ source, references = [] }) => {
    const { question, context: text } = source === '' ? { question: '', context: '' } : parseLine(source);
    return [question, text, ...references];
  });
  return { rows, log, lines, origins: rows.map(({ origin }) => origin.slice(folder.length + 1)), warnings };
}

const BABI = `1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary? \tbathroom\t1
4 Daniel got the milk there.
5 What is Daniel carrying?\tmilk,football\t4 2
1 Sandra left.
1 The office is east of the hallway.
3 How do you go?\ts,e\t1 2
4 Really? \tyes
`;
const BABI_LINES = [
  ['Where is Mary?', 'Mary moved to the bathroom. John went to the hallway.', 'bathroom'],
  [
    'What is Daniel carrying?',
    'Mary moved to the bathroom. John went to the hallway. Daniel got the milk there.',
    'milk,football',
  ],
  ['How do you go?', 'The office is east of the hallway.', 's,e'],
  ['Really?', 'The office is east of the hallway.', 'yes'],
];

/** A file of SQuAD with a paragraph. */
const squad = (context: string, qas: readonly object[], version = '1.1') =>
  JSON.stringify({ version, data: [{ title: 'Title', paragraphs: [{ context, qas }] }] });
const asked = (id: string, text: string, start: number, more: object = {}) => ({
  id,
  question: `${id}?`,
  answers: [{ text, answer_start: start }],
  ...more,
});

describe('bAbI', () => {
  it('has questions on all statements of their story so far', async () => {
    const { lines, origins, rows } = await opened({ file: put('b.txt', BABI) });
    expect(lines).toEqual(BABI_LINES);
    expect(origins).toEqual(['b.txt:3', 'b.txt:5', 'b.txt:8', 'b.txt:9']);
    expect(rows[1]?.target).toBe('milk,football');
    expect((await opened({ file: put('b.txt.gz', gzipSync(BABI)) })).lines).toEqual(BABI_LINES);
    expect((await opened({ file: put('b.story', BABI), format: 'babi' })).lines).toEqual(BABI_LINES);
  });

  it('names lines without their number and with columns too many', async () => {
    const error = async (text: string) =>
      opened({ file: put('bad.txt', text) }).then(
        () => '',
        ({ message }: Error) => message.slice(folder.length + 1),
      );
    expect(await error('2 Mary left.\n')).toBe(
      'bad.txt:1: expected the number 1, a space and a statement or question, found "2 Mary left."; correct the line',
    );
    expect(await error('1 Mary left.\nJohn left.\n')).toContain('bad.txt:2: expected a number above 1 (or 1, for');
    expect(await error('1 A.\n2 B.\n2 C.\n')).toContain('bad.txt:3: expected a number above 2');
    expect(await error('1 A.\n2 B?\tx\t1\t2\n')).toContain('bad.txt:2: expected a question, its answer and the');
  });
});

describe('SQuAD', () => {
  it('has all answers of a question, whose places count code points', async () => {
    const two = {
      answers: [
        { text: 'the 𝄞', answer_start: 3 },
        { text: '𝄞', answer_start: 7 },
      ],
    };
    const { lines, origins } = await opened({
      file: put('s.json', squad('𝄞: the 𝄞\nclef', [asked('q1', '', 0, two)])),
    });
    expect(lines).toEqual([['q1?', '𝄞: the 𝄞\nclef', 'the 𝄞', '𝄞']]);
    expect(origins).toEqual(['s.json: question q1']);
  });

  it('may have answers that are not where they are said to be', async () => {
    const file = put('m.json', squad('in Rome', [asked('a', 'Rome', 3), asked('b', 'Rome', 2), asked('c', 'Bonn', 3)]));
    await expect(opened({ file })).rejects.toThrow(
      `${file}: question b: expected an answer, found a question with an answer that does not stand at its answer_start; correct it, or set data.onBadAnswer; 2 questions in all: ${file}: question b, ${file}: question c`,
    );
    const skip = await opened({ file }, { onBadAnswer: 'skip' });
    expect(skip.lines.map(([question]) => question)).toEqual(['a?']);
    expect(skip.log).toEqual([
      `warning: 2 questions with an answer that does not stand at its answer_start left out (data.onBadAnswer: skip): ${file}: question b, ${file}: question c`,
    ]);
    const keep = await opened({ file }, { onBadAnswer: 'keep' });
    expect(keep.lines).toHaveLength(3);
    expect(keep.log[0]).toContain('used (data.onBadAnswer: keep)');
  });

  it('of version 2.0 has questions without an answer', async () => {
    const none = { answers: [], is_impossible: true, plausible_answers: [{ text: 'Rome', answer_start: 3 }] };
    const file = put('v2.json', squad('in Rome', [asked('a', 'Rome', 3), asked('b', '', 0, none)], 'v2.0'));
    await expect(opened({ file })).rejects.toThrow(
      'question b: expected an answer, found a question without an answer',
    );
    const { lines, log } = await opened({ file }, { unanswerable: 'skip' });
    expect(lines).toEqual([['a?', 'in Rome', 'Rome']]);
    expect(log).toEqual([
      `warning: 1 question without an answer left out (data.unanswerable: skip): ${file}: question b`,
    ]);
    const empty = put('none.json', squad('in Rome', [asked('b', '', 0, none)]));
    await expect(opened({ file: empty }, { unanswerable: 'skip' })).rejects.toThrow(
      `${empty}: expected at least one question with an answer in it, found none`,
    );
  });

  it('is named where it is broken', async () => {
    const cut = put('cut.json', '{"data": [\n  {"title": "x",\n');
    await expect(opened({ file: cut })).rejects.toThrow(`${cut}:3: expected the JSON of SQuAD, found invalid JSON (`);
    const comma = put('comma.json', '{"data": [\n  {"title": "x" "paragraphs": []}\n]}');
    await expect(opened({ file: comma })).rejects.toThrow(`${comma}:2: expected the JSON of SQuAD, found invalid`);
    const other = put('other.json', squad('x', [{ id: 'a', question: 'a?', answers: ['x'] }]));
    await expect(opened({ file: other })).rejects.toThrow('found at data[0].paragraphs[0].qas[0].answers[0]: ');
    const latin = put('latin.json', Buffer.from([0x22, 0xe4, 0x22]));
    await expect(opened({ file: latin })).rejects.toThrow('expected UTF-8 text');
  });
});

describe('tables', () => {
  const expected = [
    ['Who?', 'Mary left.', 'Mary', 'She'],
    ['How?', 'Mary left.', 'quickly'],
  ];

  it('are JSONL with one answer or a list, and TSV with answers between |||', async () => {
    const jsonl = [
      { question: 'Who?', context: 'Mary left.', answers: ['Mary', 'She'], id: 7 },
      { question: 'How?', context: 'Mary left.', answer: 'quickly' },
    ];
    const named = jsonl.map(({ question, context, answers, answer }) => ({
      q: question,
      c: context,
      a: answers ?? answer,
    }));
    const text = (objects: readonly object[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join('');
    const splits = [
      { file: put('t.jsonl', text(jsonl)) },
      { file: put('u.jsonl', text(named)), questionColumn: 'q', contextColumn: 'c', answerColumn: 'a' },
      {
        file: put(
          't.tsv',
          'id\tquestion\tcontext\tanswer\n1\tWho?\tMary left.\tMary ||| She\n2\tHow?\tMary left.\tquickly\n',
        ),
      },
      {
        file: put('u.tsv', 'Mary|||She\tMary left.\tWho?\nquickly\tMary left.\tHow?\n'),
        ...{ questionColumn: 2, contextColumn: 1, answerColumn: 0 },
      },
    ];
    for (const split of splits) expect((await opened(split)).lines, split.file).toEqual(expected);
    expect((await opened(splits[2] as Sections)).origins).toEqual(['t.tsv:2', 't.tsv:3']);
  });

  it('name the line that cannot be read', async () => {
    const good = '{"question": "q", "context": "c", "answer": "a"}\n';
    const cases: [string, string, string][] = [
      ['a.jsonl', `${good}{"question": "q"\n`, 'a.jsonl:2: expected a JSON object, found invalid JSON'],
      ['b.jsonl', `${good}\n`, 'b.jsonl:2: expected a JSON object, found a blank line'],
      ['c.jsonl', '{"question": "q", "answer": "a"}\n', 'c.jsonl:1: expected a string under "context", found nothing'],
      [
        'd.jsonl',
        '{"question": "q", "context": "c", "answers": [1]}\n',
        'd.jsonl:1: expected a string under "answers", found a number',
      ],
      ['e.jsonl', '{"question": "q", "context": "c"}\n', 'e.jsonl:1: expected a string under "answers", found nothing'],
      ['f.jsonl', `${good.replace('}', ', "answers": []}')}`, 'f.jsonl:1: expected "answers" or "answer", found both'],
      [
        'g.jsonl',
        good.replace('"a"', '["a", " "]'),
        'g.jsonl:1: expected answers with text, found a blank one among 2',
      ],
      ['h.jsonl', good.replace('"c"', '"\\ud800"'), 'h.jsonl:1: expected Unicode text under "context"'],
      [
        'a.tsv',
        'question\tanswer\nq\ta\n',
        'a.tsv:1: expected a header with a column "context" (`contextColumn`), found "question", "answer"',
      ],
      [
        'b.tsv',
        'question\tcontext\tanswer\nq\tc\n',
        'b.tsv:2: expected 3 tab-separated columns as on the first line, found 2',
      ],
      [
        'c.tsv',
        'question\tcontext\tanswer\n',
        'c.tsv: expected at least one question with an answer in it, found none',
      ],
    ];
    for (const [name, text, message] of cases) {
      await expect(opened({ file: put(name, text) }), name).rejects.toThrow(`${join(folder, message)}`);
    }
    const file = put('d.tsv', 'q\tc\n');
    await expect(opened({ file, questionColumn: 0, contextColumn: 1, answerColumn: 2 })).rejects.toThrow(
      `${file}:1: expected a column 2 (\`answerColumn\`, counted from 0), found 2 tab-separated columns`,
    );
    await expect(opened({ file: join(folder, 'missing.tsv') })).rejects.toMatchObject({ exitCode: 66 });
  });

  it('leave blank questions and contexts to the rule on blank rows', async () => {
    const file = put('blank.tsv', 'question\tcontext\tanswer\nq\tc\ta\n \tc\ta\nq\t\ta\nq\tc\t \n');
    const { lines, warnings, log } = await opened({ file }, { unanswerable: 'skip' });
    expect(lines).toEqual([
      ['q', 'c', 'a'],
      ['', '', 'a'],
      ['', '', 'a'],
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([`2 rows with a blank source: ${file}:3, ${file}:4`]);
    expect(log).toEqual([`warning: 1 question without an answer left out (data.unanswerable: skip): ${file}:5`]);
  });
});

describe('parts of a file', () => {
  it('divide its stories among them', async () => {
    const story = (n: number) =>
      `1 Fact ${n}.\n2 A${n}?\tx\n1 Nothing is asked here.\n1 Fact ${n}.\n2 B${n}?\ty\n3 C${n}?\tz\n`;
    const file = put('parts.txt', [0, 1, 2, 3, 4].map(story).join(''));
    const asked = async (part?: Sections) => (await opened({ file, ...(part ? { part } : {}) })).origins;
    const all = await asked();
    expect(all).toHaveLength(15);
    expect(await asked({})).toEqual(all);
    const cuts = fc.tuple(
      fc.double({ min: 0.3, max: 0.45, noNaN: true }),
      fc.double({ min: 0.6, max: 0.8, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(cuts, async ([a, b]) => {
        const parts = [await asked({ to: a }), await asked({ from: a, to: b }), await asked({ from: b })];
        expect(parts.flat()).toEqual(all);
      }),
      { numRuns: 20 },
    );
    // Ten stories have questions: the last is the last tenth, with both of its questions.
    expect(await asked({ from: 0.9 })).toEqual(all.slice(-2));
    await expect(asked({ from: 0.01, to: 0.02 })).rejects.toThrow('in the part 0.01 to 0.02 of its contexts');
  });

  it('do not divide paragraphs, nor rows with the same context', async () => {
    const row = (question: string, context: string) => JSON.stringify({ question, context, answer: 'x' });
    const file = put('p.jsonl', [row('a', 'A'), row('b', 'A'), row('c', 'B'), row('d', 'A')].join('\n'));
    expect((await opened({ file, part: { to: 0.5 } })).origins).toEqual(['p.jsonl:1', 'p.jsonl:2', 'p.jsonl:3']);
    const [one, two] = ['A', 'B'].map((context) => ({
      context,
      qas: [asked(`${context}1`, context, 0), asked(`${context}2`, context, 0)],
    }));
    const json = put('p.json', JSON.stringify({ data: [{ paragraphs: [one, two] }] }));
    expect((await opened({ file: json, part: { from: 0.5 } })).lines.map(([question]) => question)).toEqual([
      'B1?',
      'B2?',
    ]);
  });

  it('are judged by themselves', async () => {
    const file = put(
      'w.json',
      squad('x', [asked('a', 'x', 0)]).replace(
        '"paragraphs":[',
        '"paragraphs":[{"context":"y","qas":[{"id":"n","question":"n?","answers":[]}]},',
      ),
    );
    expect((await opened({ file, part: { from: 0.5 } })).lines).toEqual([['a?', 'x', 'x']]);
  });
});
