// Symbolic dimensions of a program, and sizes as products of them.
import type { Dim, Program, TensorSpec } from '../types.js';

/** Primes that no model size is made of, so that a product of them tells which dimensions it came from. */
export const PRIMES: readonly (readonly [number, number])[] = [
  [101, 149],
  [103, 151],
  [107, 157],
  [109, 163],
  [113, 167],
  [127, 173],
];

/** A number that depends on symbolic dimensions: `factor · Π dimension^power`. */
export interface Monomial {
  readonly factor: number;
  /** One power per symbolic dimension; absent when the number is the same at all sizes. */
  readonly powers?: readonly number[];
}

/** Where a symbolic dimension can be read off. */
export interface DimensionSource {
  readonly tensor: string;
  readonly axis: number;
}

/** The symbolic dimensions of a program, each with the first tensor that carries it. */
export function symbolicDimensions(program: Program): Map<string, DimensionSource> {
  const found = new Map<string, DimensionSource>();
  const scan = (specs: Readonly<Record<string, TensorSpec>>, prefix: string): void => {
    for (const [name, { shape }] of Object.entries(specs)) {
      shape.forEach((dim: Dim, axis) => {
        if (typeof dim === 'string' && !found.has(dim)) found.set(dim, { tensor: prefix + name, axis });
      });
    }
  };
  scan(program.inputs, '');
  scan(program.variables, 'variable:');
  return found;
}

/**
 * Finds the monomial that has given values at two sizes of every dimension, if there is one.
 * @param firstSizes one size a dimension @param secondSizes another
 */
export function sizeFitter(
  firstSizes: readonly number[],
  secondSizes: readonly number[],
): (a: number, b: number) => Monomial | undefined {
  const monomials: { readonly powers: readonly number[]; readonly first: number; readonly second: number }[] = [];
  const product = (sizes: readonly number[], powers: readonly number[]): number =>
    powers.reduce((total, power, i) => total * (sizes[i] as number) ** power, 1);
  const extend = (powers: number[]): void => {
    if (powers.length === firstSizes.length) {
      if (powers.some((power) => power > 0)) {
        monomials.push({ powers, first: product(firstSizes, powers), second: product(secondSizes, powers) });
      }
      return;
    }
    for (const power of [0, 1, 2]) extend([...powers, power]);
  };
  extend([]);
  const degree = (powers: readonly number[]): number => powers.reduce((sum, power) => sum + power, 0);
  monomials.sort((a, b) => degree(a.powers) - degree(b.powers));
  return (a, b) => {
    if (Object.is(a, b)) return { factor: a };
    for (const { powers, first, second } of monomials) {
      const factor = a / first;
      if (Math.abs(factor - b / second) <= 1e-9 * Math.abs(factor)) return { factor, powers };
    }
    return undefined;
  };
}
