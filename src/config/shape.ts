// What a config schema expects at a place, in words: a walk over the JSON Schema that zod writes for it.
import { z } from 'zod';

/** The JSON Schema of one value, as zod writes it. */
export type Shape = z.core.JSONSchema.BaseSchema;

/** The place of a value in a config: keys of mappings and indices of lists. */
export type KeyPath = readonly PropertyKey[];

/** The shape of what a schema takes in (before defaults are filled in). */
export function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** Follows `$ref`s and flattens unions: the shapes a value may have, at least one. */
export function alternatives(shape: Shape, root: Shape): Shape[] {
  if (shape.$ref !== undefined) {
    const name = shape.$ref.replace(/^#\/\$defs\//, '');
    const target = shape.$ref === '#' ? root : root.$defs?.[name];
    return target === undefined ? [{}] : alternatives(target, root);
  }
  const options = shape.anyOf ?? shape.oneOf;
  if (options !== undefined) return options.flatMap((option) => alternatives(option, root));
  if (Array.isArray(shape.type)) return shape.type.map((type) => ({ ...shape, type }) as Shape);
  return [shape];
}

/** Whether a value is a mapping (not a list, not null). */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const asShape = (value: unknown): Shape[] => (isMapping(value) ? [value as Shape] : []);

/**
 * Of the mappings a union offers, those whose fixed keys (such as `kind: sinusoidal`) agree with the value; all of them
 * when none agrees.
 */
export function matchingMappings(shapes: readonly Shape[], value: unknown): Shape[] {
  const mappings = shapes.filter((shape) => shape.type === 'object');
  const agreeing = mappings.filter((shape) =>
    Object.entries(shape.properties ?? {}).every(
      ([key, child]) =>
        !isMapping(child) || child.const === undefined || (isMapping(value) && value[key] === child.const),
    ),
  );
  return agreeing.length > 0 ? agreeing : mappings;
}

function step(shapes: readonly Shape[], segment: PropertyKey, value: unknown): Shape[] {
  if (typeof segment === 'number') {
    return shapes.flatMap((shape) => asShape(shape.prefixItems?.[segment] ?? shape.items));
  }
  return matchingMappings(shapes, value).flatMap((shape) =>
    asShape(shape.properties?.[String(segment)] ?? shape.additionalProperties),
  );
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  let current: unknown = value;
  for (const segment of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[segment];
  }
  return current;
}

/** The shapes allowed at a path of `value`; empty where the schema has no such place. */
export function shapesAt(root: Shape, path: KeyPath, value: unknown): Shape[] {
  let shapes = alternatives(root, root);
  for (const [depth, segment] of path.entries()) {
    shapes = step(shapes, segment, valueAt(value, path.slice(0, depth))).flatMap((shape) => alternatives(shape, root));
  }
  return shapes;
}

/** The keys a mapping of one of these shapes may have. */
export function keysOf(shapes: readonly Shape[]): string[] {
  const keys = shapes.flatMap((shape) => [
    ...Object.keys(shape.properties ?? {}),
    ...(isMapping(shape.propertyNames) && Array.isArray(shape.propertyNames.enum) ? shape.propertyNames.enum : []),
  ]);
  return [...new Set(keys.map(String))];
}

/** Every place of a schema that has a name, as dotted paths (`training.warmupSteps`), outermost first. */
export function allPaths(root: Shape): string[] {
  const found: string[] = [];
  let level: { path: string; shape: Shape; depth: number }[] = [{ path: '', shape: root, depth: 0 }];
  // The depth is bounded because a schema may refer to itself.
  for (let depth = 0; depth < 8 && level.length > 0; depth++) {
    level = level.flatMap(({ path, shape }) =>
      alternatives(shape, root).flatMap((option) =>
        Object.entries(option.properties ?? {}).map(([key, child]) => {
          const name = path === '' ? key : `${path}.${key}`;
          found.push(name);
          return { path: name, shape: isMapping(child) ? (child as Shape) : {}, depth };
        }),
      ),
    );
  }
  return [...new Set(found)];
}

/** `a, b or c`, in backquotes. */
function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => `\`${value}\``);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}

function bounds(shape: Shape): string {
  const safe = (x: number | undefined): number | undefined =>
    x === undefined || Math.abs(x) === Number.MAX_SAFE_INTEGER ? undefined : x;
  const { exclusiveMinimum: above, exclusiveMaximum: below } = shape;
  const low = safe(shape.minimum);
  const high = safe(shape.maximum);
  if (low !== undefined && high !== undefined && above === undefined && below === undefined) {
    return low === high ? ` equal to ${low}` : ` from ${low} to ${high}`;
  }
  const lower = above !== undefined ? `above ${above}` : low !== undefined ? `of at least ${low}` : undefined;
  const upper = below !== undefined ? `below ${below}` : high !== undefined ? `of at most ${high}` : undefined;
  if (lower !== undefined && upper !== undefined) return ` ${lower} and ${upper.replace('of ', '')}`;
  return lower === undefined && upper === undefined ? '' : ` ${lower ?? upper}`;
}

function count(least: number | undefined, most: number | undefined, unit: string): string {
  const units = (n: number): string => `${n} ${unit}${n === 1 ? '' : 's'}`;
  if (least !== undefined && most !== undefined) {
    return least === most ? ` of ${units(least)}` : ` of ${least} to ${units(most)}`;
  }
  if (most !== undefined) return ` of at most ${units(most)}`;
  return least === undefined || least === 0 ? '' : ` of at least ${units(least)}`;
}

function one(shape: Shape, root: Shape): string {
  switch (shape.type) {
    case 'integer':
    case 'number': {
      const multiple = shape.multipleOf === undefined ? '' : `, a multiple of ${shape.multipleOf}`;
      return `a ${shape.type === 'integer' ? 'whole ' : ''}number${bounds(shape)}${multiple}`;
    }
    case 'string': {
      if (shape.pattern !== undefined) return `text matching /${shape.pattern}/`;
      if (shape.minLength === 1 && shape.maxLength === undefined) return 'text that is not empty';
      return `text${count(shape.minLength, shape.maxLength, 'character')}`;
    }
    case 'boolean':
      return '`true` or `false`';
    case 'null':
      return '`null`';
    case 'array': {
      const items = asShape(shape.items).flatMap((item) => alternatives(item, root));
      const each = items.length === 0 ? '' : `, each ${expectation(items, root)}`;
      return `a list${count(shape.minItems, shape.maxItems, 'item')}${each}`;
    }
    case 'object': {
      const keys = keysOf([shape]);
      return keys.length === 0 ? 'a mapping' : `a mapping with keys such as ${oneOf(keys.slice(0, 4))}`;
    }
    default:
      return 'another value';
  }
}

/** What one of these shapes expects, in words: `a whole number of at least 1`, `` `auto` or a number above 0 ``. */
export function expectation(shapes: readonly Shape[], root: Shape): string {
  const named = shapes.flatMap((shape) => shape.enum ?? (shape.const === undefined ? [] : [shape.const]));
  const rest = shapes.filter((shape) => shape.enum === undefined && shape.const === undefined);
  const parts = [...(named.length > 0 ? [oneOf([...new Set(named)])] : []), ...rest.map((shape) => one(shape, root))];
  return parts.length === 0 ? 'another value' : [...new Set(parts)].join(' or ');
}

/** The fixed words among the allowed values, for suggestions. */
export function namedValues(shapes: readonly Shape[]): string[] {
  return shapes
    .flatMap((shape) => shape.enum ?? [shape.const])
    .filter((value): value is string => typeof value === 'string');
}
