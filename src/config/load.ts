// Loads a YAML config: syntax, overrides, validation by a zod schema; all mistakes of a file are told at once.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError, DataError } from '../errors.js';
import { parseYaml } from './document.js';
import { DEFAULT_MESSAGE, describeIssues, type Problem, pathText } from './issues.js';
import { applyOverride, type Override, OverrideProblem, overrideOf, parseOverride } from './overrides.js';
import { shapeOf } from './shape.js';

/** A config that has been read. */
export interface LoadedConfig<T> {
  config: T;
  /** The file as it was named. */
  file: string;
  /** The absolute folder of the file, which relative paths in the config start from. */
  baseDir: string;
}

interface Line {
  text: string;
  /** For sorting; overrides come after the file. */
  line: number;
  column: number;
}

const AFTER_FILE = { line: Number.POSITIVE_INFINITY, column: 0 };

/**
 * Reads a config from YAML text.
 *
 * @param fileName what errors call the text
 * @param schema its refinements give the cross-field rules; their messages stand at the path they name
 * @param overrides texts of `--set`: `key.path=value`, applied in order before validation
 * @throws ConfigError with one line for every mistake: `file:line:column: key.path: expected …, found …`
 */
export function parseConfig<T>(
  text: string,
  fileName: string,
  schema: z.ZodType<T>,
  overrides: readonly string[] = [],
): T {
  const source = parseYaml(text);
  const lines: Line[] = source.problems.map(({ line, column, message }) => ({
    text: `${fileName}:${line}:${column}: ${message}`,
    line,
    column,
  }));
  const throwAll = (): never => {
    lines.sort((a, b) => (a.line === b.line ? a.column - b.column : a.line - b.line));
    throw new ConfigError([...new Set(lines.map((line) => line.text))].join('\n'));
  };

  const applied: Override[] = [];
  let value = source.value;
  for (const item of overrides) {
    try {
      const override = parseOverride(item);
      if (value !== undefined) value = applyOverride(value, override);
      applied.push(override);
    } catch (error) {
      if (!(error instanceof OverrideProblem)) throw error;
      lines.push({ ...AFTER_FILE, text: error.message });
    }
  }
  if (value === undefined) return throwAll();

  const locate = ({ path, part, message }: Problem): Line => {
    const override = overrideOf(applied, path);
    if (override !== undefined && (override.path.length <= path.length || !source.has(path))) {
      // The override already names the key.
      const name = `${pathText(path)}: `;
      const short = override.path.length === path.length && message.startsWith(name);
      return { ...AFTER_FILE, text: `${override.label}: ${short ? message.slice(name.length) : message}` };
    }
    const position = source.position(path, part);
    return { ...position, text: `${fileName}:${position.line}:${position.column}: ${message}` };
  };
  // An empty file is an empty mapping, so that its missing keys are named.
  const config = value ?? {};
  const result = schema.safeParse(config, { error: () => DEFAULT_MESSAGE });
  if (!result.success) {
    lines.push(...describeIssues(result.error.issues, shapeOf(schema), config).map(locate));
  }
  if (lines.length > 0 || !result.success) return throwAll();
  return result.data;
}

/**
 * Reads a YAML config file; see {@link parseConfig}.
 * @throws ConfigError for mistakes in the file or in the overrides
 * @throws DataError when the file is absent or cannot be opened (exit code 66), or is a folder or not UTF-8 text (65)
 */
export async function loadConfig<T>(
  file: string,
  schema: z.ZodType<T>,
  overrides: readonly string[] = [],
): Promise<LoadedConfig<T>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EISDIR')
      throw new DataError(`${file}: expected a YAML config file, found a folder`, { cause: error });
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const advice = '`s2s init TASK` writes a config, `s2s tasks` lists the tasks';
      throw new DataError(`${file}: no such file; ${advice}`, { missing: true, cause: error });
    }
    throw new DataError(`${file}: cannot be opened (${code ?? error})`, { missing: true, cause: error });
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DataError(`${file}: expected UTF-8 text, found other bytes; save the config as UTF-8`, { cause: error });
  }
  return { config: parseConfig(text, file, schema, overrides), file, baseDir: dirname(resolve(file)) };
}
