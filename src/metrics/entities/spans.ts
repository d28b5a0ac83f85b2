// Entities and chunks that a sequence of tags marks: what conlleval finds in any tags, and what a scheme allows.

/** The schemes that can be asked for, by the prefixes they have and the entities these may spell; BILOU's L and U are read as E and S. */
const SCHEMES = {
  IOB2: { prefixes: 'BIO', entity: /^BI*$/ },
  IOE2: { prefixes: 'IEO', entity: /^I*E$/ },
  IOBES: { prefixes: 'BIESO', entity: /^(S|BI*E)$/ },
  BILOU: { prefixes: 'BILUO', entity: /^(S|BI*E)$/ },
} as const;

/** How strictly tags are read. */
export type TagScheme = keyof typeof SCHEMES;

export const TAG_SCHEMES = Object.keys(SCHEMES) as TagScheme[];

/** Prefixes that are read where no scheme is asked for. */
const USUAL = 'BIESO';
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
function readTag(text: string, scheme: TagScheme | undefined): Tag | undefined {
  if (text === 'O') return OUTSIDE;
  const [, prefix = '', type] = /^([A-Z])(?:-(.+))?$/u.exec(text) ?? [];
  const known = scheme ? SCHEMES[scheme].prefixes : USUAL;
  if (prefix === 'O' || prefix === '' || !known.includes(prefix)) return undefined;
  return { prefix: MEANING[prefix] ?? prefix, type: type ?? NO_TYPE };
}

/** Whether the second tag is of the entity that the first one is of. */
const goesOn = (before: Tag, tag: Tag): boolean =>
  'BI'.includes(before.prefix) && 'IE'.includes(tag.prefix) && before.type === tag.type;

/** Whether tags of one entity spell what the scheme allows. */
const isAllowed = (tags: readonly Tag[], scheme: TagScheme | undefined): boolean =>
  scheme === undefined || SCHEMES[scheme].entity.test(tags.map(({ prefix }) => prefix).join(''));

/** What a sequence of tags marks, and the first of its tags that cannot be read, which is taken for `O`. */
export interface Marked {
  readonly spans: readonly Span[];
  readonly unreadable: string | undefined;
}

/**
 * The entities of a sequence of tags. Without a scheme an entity is what conlleval (Tjong Kim Sang & Buchholz, 2000) takes for one: it ends
 * where the type changes, or with E or S, or before B or S, and may begin with any tag but O. With a scheme, those that the scheme
 * allows, as in seqeval's strict mode.
 */
export function markedSpans(texts: readonly string[], scheme: TagScheme | undefined): Marked {
  const spans: Span[] = [];
  let unreadable: string | undefined;
  let current: Tag[] = [];
  const close = (end: number): void => {
    const type = current[0]?.type;
    if (type !== undefined && isAllowed(current, scheme))
      spans.push({ type, first: end - current.length, last: end - 1 });
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
