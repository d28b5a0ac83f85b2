// Who speaks in the training dialogues, and what a line to decode leaves unsaid about it.
import { jsonField, jsonText } from '../../src/data/rows.js';
import { DataError } from '../../src/errors.js';
import { type Context, type Turn, turnList, turnOf } from './turns.js';

/** Characters of a line that messages quote. */
const QUOTED = 60;

/** How lines are called in messages, which do not know their numbers. */
function quoted(line: string): string {
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
}

/** The people of the dialogues that a model was trained on. */
export class Speakers {
  /**
   * @param names of all that were heard, those first that spoke first
   * @param respond those whose replies the model has learned; all unless told
   */
  constructor(
    readonly names: readonly string[],
    private readonly respond: readonly string[] | undefined,
  ) {}

  /** Who speaks where a line does not say it: the first to have spoken of those that the model does not speak for. */
  private get person(): string {
    const others = this.names.filter((name) => !this.respond?.includes(name));
    return (others[0] ?? this.names[0]) as string;
  }

  /** Who replies where a line does not say it. @throws DataError where several could */
  private replyTo(turns: readonly Turn[], line: string): string {
    const last = turns.at(-1)?.speaker;
    const able = this.respond ?? this.names;
    const others = able.length === 1 ? able : able.filter((name) => name !== last);
    const heard = others.length === 1 ? others[0] : turns.findLast(({ speaker }) => others.includes(speaker))?.speaker;
    if (heard !== undefined) return heard;
    throw new DataError(
      `${quoted(line)}: expected who replies, found several who could: ${others.join(', ')}; say it: {"turns": […], "reply": "${others[0]}"}`,
    );
  }

  /**
   * What a line to decode says: `{"turns": […], "reply": "…"}` or the list alone, a turn being an object with speaker and text; a
   * list of texts, by the person and the model in turns, the person’s last; or plain text, a single turn of the person.
   * @throws DataError for JSON that is none of these
   */
  contextOf(line: string): Context {
    if (!/^\s*[[{]/.test(line)) return this.complete([{ speaker: this.person, text: line.trim() }], undefined, line);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw new DataError(
        `${quoted(line)}: expected a list of turns or an object with one, found invalid JSON (${(error as Error).message}); plain text that begins with a bracket is written ["…"]`,
        { cause: error },
      );
    }
    const list = turnList(value, quoted(line));
    if (list.length === 0) throw new DataError(`${quoted(line)}: expected at least one turn, found none`);
    const reply = Array.isArray(value) ? undefined : jsonField(value as object, 'reply');
    const named = reply === undefined ? undefined : jsonText(reply, quoted(line), 'under "reply"');
    if (!list.every((item) => typeof item === 'string')) {
      const turns = list.map((item, i) => turnOf(item, `${quoted(line)}: turn ${i + 1}`));
      return this.complete(turns, named, line);
    }
    const person = this.person;
    const model = named ?? this.replyTo([{ speaker: person, text: '' }], line);
    const speakerAt = (i: number) => ((list.length - i) % 2 === 1 ? person : model);
    return this.complete(
      list.map((text, i) => ({ speaker: speakerAt(i), text })),
      model,
      line,
    );
  }

  private complete(turns: readonly Turn[], reply: string | undefined, line: string): Context {
    return { turns, reply: reply ?? this.replyTo(turns, line) };
  }

  /** Those in a context that were never heard. */
  strangers({ turns, reply }: Context): string[] {
    const names = new Set([...turns.map(({ speaker }) => speaker), reply]);
    return [...names].filter((name) => !this.names.includes(name));
  }
}
