// A YAML text with the line and column of every key and value, and the mistakes in its syntax.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import type { KeyPath } from './shape.js';

/** A place in a text: 1-based line and column (in UTF-16 units). */
interface Position {
  line: number;
  column: number;
}

/** A mistake in a text. */
interface SyntaxProblem extends Position {
  message: string;
}

/** A parsed YAML text. */
export interface YamlSource {
  /** The content as plain JavaScript values; undefined when the syntax is too broken to be read. */
  value: unknown;
  /** Mistakes in the syntax, in no special order; duplicate keys are the only ones with which `value` is still given. */
  problems: SyntaxProblem[];
  /** Where the value at a path stands, or where its key stands. Absent keys give the place of the nearest parent. */
  position(path: KeyPath, part: 'key' | 'value'): Position;
  /** Whether the text itself has something at this path. */
  has(path: KeyPath): boolean;
}

const SYNTAX: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'expected one YAML document, found a second one after `---`',
  TAB_AS_INDENT: 'expected spaces as indentation, found a tab',
  BLOCK_AS_IMPLICIT_KEY:
    'expected one `key: value` on a line, found a second `:`; put the value in quotes if it is text',
};

const keyText = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key));

/** Parses a YAML 1.2 text without ever throwing. */
export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  // prettyErrors off: it puts a multi-line excerpt of the text into each message.
  const document: Document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const start = (node: Node): Position => at(node.range?.[0] ?? 0);

  const problems: SyntaxProblem[] = [];
  let readable = true;
  for (const error of document.errors) {
    if (error.code === 'DUPLICATE_KEY') continue;
    readable = false;
    const position = at(error.pos[0]);
    // One slip often leads to several errors; the first one on a line is the telling one.
    if (problems.some(({ line }) => line === position.line)) continue;
    problems.push({ ...position, message: `not valid YAML: ${SYNTAX[error.code] ?? error.message}` });
  }
  for (const warning of document.warnings) problems.push({ ...at(warning.pos[0]), message: warning.message });
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      readable = false;
      problems.push({ ...start(alias), message: `\`*${alias.source}\` has no anchor \`&${alias.source}\` before it` });
    },
    Map(_, map) {
      const seen = new Map<string, Position>();
      for (const pair of map.items) {
        const name = keyText(pair);
        const position = isNode(pair.key) ? start(pair.key) : at(0);
        const first = seen.get(name);
        if (first === undefined) seen.set(name, position);
        else problems.push({ ...position, message: `duplicate key \`${name}\`, already set on line ${first.line}` });
      }
    },
  });

  let value: unknown;
  if (readable) {
    try {
      value = document.toJS();
    } catch (error) {
      problems.push({
        line: 1,
        column: 1,
        message: `not usable YAML: ${error instanceof Error ? error.message : error}`,
      });
    }
  }

  /** The chain of pairs and nodes along a path, as far as the text has it. */
  const walk = (path: KeyPath): { key: Position; value: Position; complete: boolean } => {
    let key: Position = { line: 1, column: 1 };
    let here: Position = key;
    let node: unknown = document.contents;
    for (const segment of path) {
      if (isAlias(node)) node = node.resolve(document);
      let next: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && keyText(item) === String(segment));
        if (pair === undefined) return { key, value: here, complete: false };
        if (isNode(pair.key)) key = start(pair.key);
        next = pair.value;
      } else if (isSeq(node) && node.items[Number(segment)] !== undefined) {
        next = node.items[Number(segment)];
        if (isNode(next)) key = start(next);
      } else {
        return { key, value: here, complete: false };
      }
      // An empty value has no place of its own: its key stands for it.
      here = isNode(next) && !(isScalar(next) && next.source === '') ? start(next) : key;
      // A mapping or list that starts on a later line is best shown by its key.
      if ((isMap(next) || isSeq(next)) && here.line !== key.line) here = key;
      node = next;
    }
    return { key, value: here, complete: true };
  };

  return {
    value,
    problems,
    position: (path, part) => {
      const found = walk(path);
      return part === 'key' || !found.complete ? found.key : found.value;
    },
    has: (path) => walk(path).complete,
  };
}
