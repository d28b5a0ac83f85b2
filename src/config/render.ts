// Writes configs: the resolved one of a run, and a fully commented one to start from.
import { Document, isScalar, type ScalarTag, visit } from 'yaml';
import type { z } from 'zod';
import { alternatives, expectation, isMapping, matchingMappings, type Shape, shapeOf } from './shape.js';

const COMMENT_WIDTH = 100;

// YAML 1.1 readers, PyYAML among them, take `1e-9` for text; `1.0e-9` is a number to all.
const exponentTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  identify: (value) => typeof value === 'number' && /^-?\d+e/.test(String(value)),
  default: true,
  test: /^-?\d+\.0e[-+]\d+$/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace('e', '.0e'),
};

/** YAML of a plain value: keys in their own order, short lists of scalars on one line, readable by YAML 1.1 and 1.2. */
function yaml(value: unknown): string {
  const document = new Document(value, {
    compat: 'yaml-1.1',
    customTags: (tags) => [exponentTag, ...tags],
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Seq(_, list) {
      if (list.items.every(isScalar)) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A value on one line, for comments. */
function inline(value: unknown): string {
  return isMapping(value) || Array.isArray(value) ? JSON.stringify(value) : yaml(value).trim();
}

/** Comment lines at an indentation, wrapped. */
function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line.length + 1 + word.length > COMMENT_WIDTH && line.length > indent.length + 1) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

const INDENT = '  ';

/** The text of one field as lines, with its comment above. */
function field(key: string, shape: Shape, required: boolean, given: unknown, root: Shape, indent: string): string[] {
  const options = alternatives(shape, root);
  const description =
    shape.description ?? options.find((option) => option.description !== undefined)?.description ?? '';
  // A value that cannot be otherwise needs no filling in.
  const onlyValue = required && options.length === 1 ? options[0]?.const : undefined;
  const value = given === undefined ? (shape.default ?? onlyValue) : given;
  const sections = options.filter((option) => option.properties !== undefined);
  const isSection =
    sections.length > 0 && (isMapping(value) || (value === undefined && sections.length === options.length));
  if (isSection) {
    const section = matchingMappings(sections, value)[0] ?? {};
    const body = fields(section, isMapping(value) ? value : {}, root, indent + INDENT);
    // A section of nothing but comments would be read as null.
    const isBlank = body.every((line) => /^\s*(#|$)/.test(line));
    const used = required || (value !== undefined && !isBlank);
    const lines = [`${indent}${key}:${required && isBlank ? ' {}' : ''}`, ...(body[0] === '' ? body.slice(1) : body)];
    // Blank lines inside would look as if the section ended there.
    const shown = used
      ? lines
      : lines.map((line) => (line === '' ? `${indent}#` : `${indent}# ${line.slice(indent.length)}`));
    return ['', ...(description === '' ? [] : comment(description, indent)), ...shown];
  }

  const notes = [expectation(options, root)];
  if (shape.default !== undefined) notes.push(`default ${inline(shape.default)}`);
  else notes.push(required ? 'required' : 'optional');
  const note = `(${notes.join('; ')})`;
  const whole = `${indent}# ${description} ${note}`;
  const parts = whole.length <= COMMENT_WIDTH || description === '' ? [`${description} ${note}`] : [description, note];
  const lines = parts.flatMap((part) => comment(part, indent));
  if (value === undefined) return [...lines, required ? `${indent}${key}:` : `${indent}# ${key}:`];
  const text = yaml({ [key]: value })
    .trimEnd()
    .split('\n');
  return [...lines, ...text.map((line) => (line === '' ? '' : indent + line))];
}

function fields(shape: Shape, values: Record<string, unknown>, root: Shape, indent: string): string[] {
  const required = new Set(shape.required ?? []);
  const lines = Object.entries(shape.properties ?? {}).flatMap(([key, child]) =>
    field(key, isMapping(child) ? (child as Shape) : {}, required.has(key), values[key], root, indent),
  );
  // Keys the schema does not name one by one (z.record).
  const rest = Object.entries(values).filter(
    ([key, value]) => value !== undefined && !(key in (shape.properties ?? {})),
  );
  if (rest.length === 0) return lines;
  const text = yaml(Object.fromEntries(rest)).trimEnd().split('\n');
  return [...lines, ...text.map((line) => (line === '' ? '' : indent + line))];
}

/**
 * A config as YAML: the same value always gives the same text, and reading it back gives the same value.
 * Entries that are `undefined` are left out.
 * @param heading comment lines for the top of the file
 */
export function stringifyConfig(value: unknown, heading?: string): string {
  const lines = heading === undefined ? [] : [...heading.split('\n').flatMap((line) => comment(line, '')), ''];
  return [...lines, yaml(value)].join('\n');
}

/**
 * A fully commented YAML config for a schema. Every field stands under its `.describe()` text, what it may be and its
 * default; it shows the value given, else the default. Optional fields without either are commented out; required ones
 * are left empty, to be filled in.
 * @param values starting values; where the schema is a union of mappings, they choose the one that is shown
 */
export function describeSchema(schema: z.ZodType, values: unknown = {}): string {
  const root = shapeOf(schema);
  const given = isMapping(values) ? values : {};
  const shape = matchingMappings(alternatives(root, root), given)[0] ?? {};
  const lines = fields(shape, given, root, '');
  if (root.description !== undefined) lines.unshift(...comment(root.description, ''), '');
  return `${lines.join('\n').trim()}\n`;
}
