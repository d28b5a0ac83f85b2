// Turns become text, who speaks before what is said; replies are text.
import type { RawRow } from '../../src/data/corpus.js';
import { DataError } from '../../src/errors.js';
import type { Codec } from '../../src/task.js';
import { createTextCodec, restoreTextCodec, type TextCodec } from '../text/codec.js';
import type { DialogueConfig } from './config.js';
import { Speakers } from './speakers.js';
import { type Context, lastTurns, readContext } from './turns.js';

const SPEAKERS_FILE = 'speakers.json';

/** What the model reads of a line. */
const readable =
  (speakers: Speakers, { dialogue }: DialogueConfig) =>
  (line: string): string => {
    const { turns, reply } = speakers.contextOf(line);
    return readContext({ turns: lastTurns(turns, dialogue).turns, reply });
  };

/** The codec of the text, which also knows the speakers. */
function withSpeakers(text: TextCodec, speakers: Speakers): Codec {
  return {
    vocabulary: text.vocabulary,
    files: () => ({ ...text.files(), [SPEAKERS_FILE]: `${JSON.stringify(speakers.names)}\n` }),
    encodeRow: (row, random) => text.encodeRow(row, random),
    encodeSource: (line) => text.encodeSource(line),
    unknown: (line) => speakers.strangers(speakers.contextOf(line)),
    decodeOutput: (tokens, source) => text.decodeOutput(tokens, source),
    tokenNames: (side, tokens, source) => text.tokenNames(side, tokens, source),
  };
}

/** Learns who speaks, and the tokenizers. */
export async function createDialogueCodec(
  config: DialogueConfig,
  rows: () => AsyncIterable<RawRow>,
  baseDir: string,
): Promise<Codec> {
  const names = new Set<string>();
  for await (const { source } of rows()) {
    const { turns, reply } = JSON.parse(source) as Context;
    for (const { speaker } of turns) names.add(speaker);
    names.add(reply);
  }
  const speakers = new Speakers([...names], config.dialogue.respond);
  return withSpeakers(await createTextCodec(config, rows, baseDir, { text: readable(speakers, config) }), speakers);
}

/** The codec of an existing run. @throws DataError where its list of speakers is damaged */
export async function restoreDialogueCodec(
  config: DialogueConfig,
  read: (name: string) => Promise<string>,
): Promise<Codec> {
  const text = await read(SPEAKERS_FILE);
  let names: string[];
  try {
    names = JSON.parse(text) as string[];
  } catch (cause) {
    throw new DataError(`${SPEAKERS_FILE}: expected a list of speakers, found text that is not JSON`, { cause });
  }
  const speakers = new Speakers(names, config.dialogue.respond);
  return withSpeakers(await restoreTextCodec(config, read, { text: readable(speakers, config) }), speakers);
}
