// What an engine is: programs over named variables, compiled once and run many times.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { EngineName } from './names.js';

/** Element types that cross the border between host and engine. */
export type DType = 'float32' | 'int32';

/** A size: fixed, or the name of a symbolic dimension that may differ from run to run. */
export type Dim = number | string;

/** Shape and element type of a program's input or variable. */
export interface TensorSpec {
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** A tensor in host memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Named tensors inside a program body. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a program body returns. */
export interface ProgramResult {
  /** Tensors handed back to the host by {@link Executable.run}. */
  readonly outputs: Tensors;
  /** New values of variables, in place of the old ones. */
  readonly updates?: Tensors;
  /** Slices written into variables along `axis`, at the `offset` given to {@link Executable.run}. */
  readonly appends?: Readonly<Record<string, { readonly value: Tensor; readonly axis: number }>>;
}

/**
 * A computation in the ops of `ops.ts`. The body must be a pure function of its tensors: it is run once per call on an
 * eager engine, but only traced (twice, at two sizes of every symbolic dimension) on a compiling one.
 */
export interface Program {
  readonly name: string;
  readonly variables: Readonly<Record<string, TensorSpec>>;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  body(variables: Tensors, inputs: Tensors): ProgramResult;
}

/** How to compile a program. */
export interface CompileOptions {
  /** Maps a variable of the program to the name of the stored variable it stands for (default: the same name). */
  readonly bind?: (name: string) => string;
  /** Values of variables that never change while the executable lives; the engine may pre-pack them. */
  readonly constants?: Readonly<Record<string, HostTensor>>;
}

/** A write of `data` into a flat variable, from element `offset` on. */
export interface Patch {
  readonly variable: string;
  readonly offset: number;
  readonly data: Float32Array;
}

/** What one run needs besides its inputs. */
export interface RunOptions {
  /** Written into variables before the run. */
  readonly patches?: readonly Patch[];
  /** Where the program's `appends` go along their axis. */
  readonly offset?: number;
}

/** A compiled program. */
export interface Executable {
  /** @throws EngineError when an input is missing or has another shape than declared. */
  run(inputs: Readonly<Record<string, HostTensor>>, options?: RunOptions): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** Holds variables and runs programs on them. */
export interface Engine {
  readonly name: EngineName;
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /** Creates or replaces variables. The engine may take over the arrays' buffers: do not use them afterwards. */
  write(variables: Readonly<Record<string, HostTensor>>): Promise<void>;
  /** Copies of variables. */
  read(names: readonly string[]): Promise<Record<string, HostTensor>>;
  remove(names: readonly string[]): Promise<void>;
  /** Keeps these entries of the variables' first axis, in this order. */
  gather(names: readonly string[], indices: readonly number[]): Promise<void>;
  /** Lengthens an axis of the variables with zeros. */
  grow(names: readonly string[], axis: number, length: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
