// `--set key.path=value` on the command line: parsing, and applying to a config that has been read.
import { parseYaml } from './document.js';
import { isMapping, type KeyPath } from './shape.js';

/** One `--set`. */
export interface Override {
  /** What errors about it start with: `--set training.steps=500`. */
  label: string;
  path: readonly string[];
  value: unknown;
}

/** An override that cannot be used; the message starts with its label. */
export class OverrideProblem extends Error {}

const LABEL_LIMIT = 80;

/**
 * Parses the text after `--set`; the value is read as YAML, so `0.1`, `true`, `[1, 2]` and `{a: 1}` mean what they mean in
 * the file.
 * @throws OverrideProblem when there is no `=`, a key is empty or the value is not YAML
 */
export function parseOverride(text: string): Override {
  const label = `--set ${text.length > LABEL_LIMIT ? `${text.slice(0, LABEL_LIMIT)}…` : text}`;
  const equals = text.indexOf('=');
  const path = text.slice(0, equals).trim().split('.');
  if (equals < 0 || path.some((key) => key === '')) {
    throw new OverrideProblem(`${label}: expected key.path=value, such as training.steps=500`);
  }
  const { value, problems } = parseYaml(text.slice(equals + 1));
  const problem = problems[0];
  if (problem !== undefined) throw new OverrideProblem(`${label}: the value is ${problem.message}`);
  return { label, path, value };
}

/**
 * A copy of `config` with the override in place; mappings on the way are made where they are missing.
 * @throws OverrideProblem when the path leads through something that is neither a mapping nor a list
 */
export function applyOverride(config: unknown, override: Override): unknown {
  const set = (container: unknown, depth: number): unknown => {
    const key = override.path[depth];
    if (key === undefined) return override.value;
    if (Array.isArray(container)) {
      const index = /^\d+$/.test(key) ? Number(key) : Number.POSITIVE_INFINITY;
      if (index > container.length) {
        const where = override.path.slice(0, depth).join('.');
        const range = container.length === 0 ? 'the index 0' : `an index from 0 to ${container.length}`;
        throw new OverrideProblem(`${override.label}: \`${where}\` is a list: expected ${range}, found \`${key}\``);
      }
      const copy: unknown[] = [...container];
      copy[index] = set(container[index], depth + 1);
      return copy;
    }
    if (container !== undefined && container !== null && !isMapping(container)) {
      const where = override.path.slice(0, depth).join('.');
      const what = JSON.stringify(container);
      throw new OverrideProblem(`${override.label}: \`${where}\` is ${what}, which has no key \`${key}\``);
    }
    const present = isMapping(container) && Object.hasOwn(container, key) ? container[key] : undefined;
    return { ...container, [key]: set(present, depth + 1) };
  };
  return set(config, 0);
}

/** The last override that set the value at `path`, or a part or a parent of it. */
export function overrideOf(overrides: readonly Override[], path: KeyPath): Override | undefined {
  return overrides.findLast(({ path: own }) => own.every((key, i) => i >= path.length || key === String(path[i])));
}
