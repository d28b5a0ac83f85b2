// Entities and chunks that a sequence of tags marks: what conlleval finds in any tags, and what a scheme allows.

/** The ways to read tags, by the prefixes beside O and the entities that these may spell; BILOU's L and U are read as E and S. */
const SCHEMES = {
  conlleval: { prefixes: 'BIES', entity: /./ },
  IOB2: { prefixes: 'BI', entity: /^BI*$/ },
  IOE2: { prefixes: 'IE', entity: /^I*E$/ },
  IOBES: { prefixes: 'BIES', entity: /^(S|BI*E)$/ },
  BILOU: { prefixes: 'BILU', entity: /^(S|BI*E)$/ },
} as const;

/** How strictly tags are read. */
export type TagScheme = keyof typeof SCHEMES;

export const TAG_SCHEMES = Object.keys(SCHEMES) as TagScheme[];

const MEANING: Readonly<Record<string, string>> = { L: 'E', U: 'S' };

/** A tag: what stands before its hyphen, and the type behind it. */
interface Tag {
  readonly prefix: string;
  readonly type: string;
}

const OUTSIDE: Tag = { prefix: 'O', type: '' };

/** Tags without a type, `B` alone, are of this one. */
const NO_TYPE = '_';

/** An entity: its type and the places of its first and last tag, from 0. */
export interface Span {
  readonly type: string;
  readonly first: number;
  readonly last: number;
}

/** Tags of a line, as they are written. */
export const splitTags = (line: string): string[] => line.split(/\s+/u).filter(Boolean);

/** @returns undefined where it is no tag of the scheme */
function readTag(text: string, scheme: TagScheme): Tag | undefined {
  if (text === 'O') return OUTSIDE;
  const [, prefix, type = NO_TYPE] = /^([A-Z])(?:-(.+))?$/u.exec(text) ?? [];
  if (prefix === undefined || !SCHEMES[scheme].prefixes.includes(prefix)) return undefined;
  return { prefix: MEANING[prefix] ?? prefix, type };
}

/** Whether the second tag is of the entity that the first one is of. */
const goesOn = (before: Tag, tag: Tag): boolean =>
  'BI'.includes(before.prefix) && 'IE'.includes(tag.prefix) && before.type === tag.type;

/** Whether tags of one entity spell what the scheme allows. */
const isAllowed = (tags: readonly Tag[], scheme: TagScheme): boolean =>
  SCHEMES[scheme].entity.test(tags.map(({ prefix }) => prefix).join(''));

/** What a sequence of tags marks, and the first of its tags that cannot be read, which is taken for `O`. */
export interface Marked {
  readonly spans: readonly Span[];
  readonly unreadable: string | undefined;
}

/**
 * The entities of a sequence of tags. For conlleval (Tjong Kim Sang & Buchholz, 2000) an entity ends where the type changes, or with E
 * or S, or before B or S, and may begin with any tag but O. The other schemes allow some of these, as in seqeval's strict mode.
 */
export function markedSpans(texts: readonly string[], scheme: TagScheme): Marked {
  const spans: Span[] = [];
  let unreadable: string | undefined;
  let current: Tag[] = [];
  const close = (end: number): void => {
    const [first] = current;
    if (first && isAllowed(current, scheme))
      spans.push({ type: first.type, first: end - current.length, last: end - 1 });
    current = [];
  };
  texts.forEach((text, i) => {
    const tag = readTag(text, scheme);
    if (!tag) unreadable ??= text;
    const before = current.at(-1);
    if (before && !(tag && goesOn(before, tag))) close(i);
    if (tag && tag.prefix !== 'O') current.push(tag);
  });
  close(texts.length);
  return { spans, unreadable };
}
