// Opens a split of dialogues: each reply is an example, with what was said before it.
import { type Corpus, listed } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { NAMED_EXAMPLES } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import type { TaskContext } from '../../src/task.js';
import type { DialogueConfig, DialogueSplit } from './config.js';
import { readDialogues } from './files.js';
import { lastTurns } from './turns.js';

/**
 * Opens a split; its rows are in memory. Every turn of those who reply is one, but not the first turn of a dialogue. A source is the
 * line to decode that asks for the reply: `{"turns": […], "reply": "…"}`. The log is told of turns left out because of their words.
 * @throws DataError naming the place of what cannot be used, and for a speaker that is to reply and never speaks
 */
export async function openDialogues(
  { data, dialogue }: DialogueConfig,
  { file }: DialogueSplit,
  { cacheDir, log }: TaskContext,
): Promise<Corpus> {
  const paths = typeof file === 'string' ? [file] : file;
  const rows: ListedRow[] = [];
  const speakers = new Set<string>();
  const cutAt: string[] = [];
  for await (const { turns, origin } of readDialogues(paths, cacheDir)) {
    for (const [i, { speaker, text }] of turns.entries()) {
      speakers.add(speaker);
      if (i === 0 || !(dialogue.respond?.includes(speaker) ?? true)) continue;
      const context = lastTurns(turns.slice(0, i), dialogue);
      const place = `${origin} turn ${i + 1}`;
      if (context.isCut) cutAt.push(place);
      rows.push({ source: JSON.stringify({ turns: context.turns, reply: speaker }), target: text, origin: place });
    }
  }
  // A held-out split may lack one of several.
  const absent = dialogue.respond?.find((name) => !speakers.has(name));
  if (absent !== undefined && (file === data.train.file || rows.length === 0)) {
    throw new DataError(
      `${paths.join(', ')}: expected turns of ${absent} (dialogue.respond), found only speakers ${[...speakers].join(', ')}`,
    );
  }
  if (rows.length === 0) throw new DataError(`${paths.join(', ')}: expected at least one reply to a turn, found none`);
  if (cutAt.length > 0) {
    const named = listed(cutAt.slice(0, NAMED_EXAMPLES), cutAt.length);
    log?.(
      `warning: ${cutAt.length} of ${rows.length} replies without the oldest of the turns before, which have too many words (dialogue.maxContextWords): ${named}`,
    );
  }
  return listedCorpus(rows);
}
