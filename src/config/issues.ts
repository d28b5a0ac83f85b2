// Turns zod's issues into sentences: what was expected at which key, what was found.
import type { z } from 'zod';
import {
  allPaths,
  expectation,
  isMapping,
  type KeyPath,
  keysOf,
  matchingMappings,
  namedValues,
  type Shape,
  shapesAt,
  valueAt,
} from './shape.js';
import { didYouMean, sameName } from './suggest.js';

/** Something wrong at one place of a config. */
export interface Problem {
  path: KeyPath;
  /** Whether the key itself is wrong (or its absence), or the value it has. */
  part: 'key' | 'value';
  /** What was expected and found; without the path. */
  message: string;
}

/** What zod is told to write as its own messages, to tell them from those a schema sets. */
export const DEFAULT_MESSAGE = '\u0000default';

const TEXT_LIMIT = 60;
const KEYS_LIMIT = 12;

/** A path as one writes it: `data.train.0.source`. */
export function pathText(path: KeyPath): string {
  return path.map(String).join('.');
}

/** A value in words, for "found …". */
function found(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') {
    return JSON.stringify(value.length > TEXT_LIMIT ? `${value.slice(0, TEXT_LIMIT)}…` : value);
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : `a list of ${value.length} item${value.length === 1 ? '' : 's'}`;
  }
  return typeof value === 'object' ? 'a mapping' : String(value);
}

type Issue = z.core.$ZodIssue;

const weight = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);

/** Replaces the issue of a union by those of the option that was meant, where it is clear which one that is. */
function unwrapUnions(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors
    .filter(
      (issues) => !issues.some(({ code, path }) => path.length === 0 && /^invalid_(type|value|union)$/.test(code)),
    )
    .sort((a, b) => weight(a) - weight(b))[0];
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => unwrapUnions({ ...inner, path: [...issue.path, ...inner.path] }));
}

function unknownKey(path: KeyPath, root: Shape, config: unknown): Problem {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const known = keysOf(matchingMappings(shapesAt(root, parent, config), valueAt(config, parent)));
  // In a union the key may belong to another option than the one that was meant.
  const keys = known.filter((name) => name !== key);
  let hint = didYouMean(key, keys);
  if (hint === '') {
    // Perhaps it is right, but in the wrong section.
    const elsewhere = allPaths(root).find(
      (other) => other !== pathText(path) && sameName(other.slice(other.lastIndexOf('.') + 1), key),
    );
    if (elsewhere !== undefined) hint = `; did you mean \`${elsewhere}\`?`;
    else if (keys.length > 0) {
      const listed = keys.slice(0, KEYS_LIMIT).map((name) => `\`${name}\``);
      hint = `; the keys here are ${listed.join(', ')}${keys.length > KEYS_LIMIT ? ', …' : ''}`;
    }
  }
  return { path, part: 'key', message: `unknown key \`${pathText(path)}\`${hint}` };
}

function describeIssue(issue: Issue, root: Shape, config: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...issue.path, key], root, config));
  }
  const named = (message: string): string =>
    issue.path.length === 0 ? message : `${pathText(issue.path)}: ${message}`;
  if (issue.message !== DEFAULT_MESSAGE) return [{ path: issue.path, part: 'value', message: named(issue.message) }];

  const value = valueAt(config, issue.path);
  const shapes = shapesAt(root, issue.path, config);
  if (issue.code === 'invalid_key') {
    const parent = shapesAt(root, issue.path.slice(0, -1), config);
    const names = parent.flatMap(({ propertyNames }) => (isMapping(propertyNames) ? [propertyNames as Shape] : []));
    const expected = `expected as key ${expectation(names, root)}`;
    return [{ path: issue.path, part: 'key', message: named(`${expected}, found ${found(issue.path.at(-1))}`) }];
  }
  if (issue.code === 'custom') {
    return [{ path: issue.path, part: 'value', message: named(`${found(value)} is not allowed here`) }];
  }
  const expected = shapes.length === 0 ? 'another value' : expectation(shapes, root);
  if (value === undefined) return [{ path: issue.path, part: 'key', message: named(`missing; expected ${expected}`) }];
  const hint = typeof value === 'string' ? didYouMean(value, namedValues(shapes)) : '';
  return [{ path: issue.path, part: 'value', message: named(`expected ${expected}, found ${found(value)}${hint}`) }];
}

/** All that a schema finds wrong with `config`, in words. */
export function describeIssues(issues: readonly Issue[], root: Shape, config: unknown): Problem[] {
  return issues.flatMap(unwrapUnions).flatMap((issue) => describeIssue(issue, root, config));
}
