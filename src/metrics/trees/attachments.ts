// Dependency trees as lines of `head:relation`, and how many words of them are attached rightly.
import { DataError } from '../../errors.js';

/** What a word depends on. */
interface Attachment {
  /** The number of another word, from 1, or 0 for the root. */
  readonly head: number;
  /** The relation, as Universal Dependencies names it, with its subtype if any: `nsubj:pass`. */
  readonly relation: string;
}

/** Attachments between white space, one a word; undefined for items that are not `head:relation`. */
export function readAttachments(line: string): (Attachment | undefined)[] {
  const items = line.split(/\s+/u).filter(Boolean);
  return items.map((item) => {
    const [, head, relation] = /^(\d+):(.+)$/u.exec(item) ?? [];
    return head && relation ? { head: Number(head), relation } : undefined;
  });
}

/** Whether all items can be read, exactly one word depends on the root, and all others depend on it through other words. */
export function isTree(attachments: readonly (Attachment | undefined)[]): boolean {
  const heads = attachments.map((attachment) => attachment?.head ?? -1);
  if (heads.some((head) => head < 0 || head > heads.length)) return false;
  if (heads.filter((head) => head === 0).length !== 1) return false;
  /** Words that are known to lead to the root. */
  const rooted = new Set([0]);
  return heads.every((_, i) => {
    const path = new Set<number>();
    let word = i + 1;
    while (!rooted.has(word)) {
      if (path.has(word)) return false;
      path.add(word);
      word = heads[word - 1]!;
    }
    for (const passed of path) rooted.add(passed);
    return true;
  });
}

/** How an output compares with its reference. */
interface AttachmentScore {
  /** Words of the reference. */
  readonly words: number;
  /** Words with the right head. */
  readonly heads: number;
  /** Words with the right head and relation; subtypes are ignored. */
  readonly labelled: number;
  /** `length`: another number of items, so nothing is right; `notTree`: its items are compared, though they are no tree. */
  readonly fault: 'length' | 'notTree' | undefined;
}

/** @throws DataError where the reference is no tree */
export function scoreAttachments(output: string, reference: string): AttachmentScore {
  const gold = readAttachments(reference);
  if (!isTree(gold)) {
    throw new DataError(
      `expected a tree: an item such as 2:nsubj for each word, one of them with head 0, without cycles; found "${reference}"`,
    );
  }
  const test = readAttachments(output);
  const words = gold.length;
  if (test.length !== words) return { words, heads: 0, labelled: 0, fault: 'length' };
  const rightHeads = test.filter((item, i) => item?.head === gold[i]!.head);
  const labelled = test.filter(
    (item, i) => item && item.head === gold[i]!.head && universal(item) === universal(gold[i]!),
  );
  return { words, heads: rightHeads.length, labelled: labelled.length, fault: isTree(test) ? undefined : 'notTree' };
}

/** The relation without its subtype. */
const universal = ({ relation }: Attachment): string => relation.split(':', 1)[0]!;
