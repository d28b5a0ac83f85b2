// Deterministic JSON text: sorted keys, non-finite numbers as strings, and a check for keys that occur twice.

import { z } from 'zod';

function canonical(value: unknown, path: string): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`${path}: a ${typeof value} cannot be stored as JSON`);
    }
    return value;
  }
  if (Array.isArray(value)) return value.map((item, i) => canonical(item, `${path}[${i}]`));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path}: a ${value.constructor.name} cannot be stored as JSON; use plain objects and arrays`);
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item, `${path}.${key}`)]));
}

/**
 * JSON text that depends on nothing but the content: keys sorted, `undefined` members left out, and NaN and ±Infinity
 * (which `JSON.stringify` turns into `null`) written as the strings "NaN", "Infinity" and "-Infinity".
 * Read such numbers back with {@link jsonNumber}.
 * @param indent spaces a level; 0 gives one line.
 * @throws TypeError for what JSON would lose: a Map, a Date, a typed array, a bigint.
 */
export function stableJson(value: unknown, indent = 0): string {
  return JSON.stringify(canonical(value, '$'), null, indent);
}

/** The schema of a number as {@link stableJson} writes it: a JSON number, or the name of a non-finite one. */
export const jsonNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

/** The position just after the string literal that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/**
 * The first key that one object of `text` holds twice, or undefined. `JSON.parse` silently keeps the last of the two.
 * @param text valid JSON.
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') open.push(new Set());
    else if (c === '}' || c === ']') open.pop();
    else if (c === '"') {
      const end = endOfString(text, i);
      const literal = text.slice(i, end);
      let next = end;
      while (/\s/.test(text[next] ?? '')) next++;
      if (text[next] === ':') {
        const key: string = JSON.parse(literal);
        const keys = open.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}
