// The graph that a trace records: values, the nodes that make them, and sharing of equal nodes.
import { sizeOf } from '../types.js';

/** Element types inside a graph. */
export type GraphType = 'float32' | 'int32' | 'int64' | 'bool';

/** Data of a constant. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A tensor in the graph. At most one of `producer`, `constant`, `splat`, `broadcastOf` and `input` is set. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: GraphType;
  readonly producer?: GraphNode;
  readonly constant?: ConstantData;
  /** Every element is this number; materialised only where an op needs the full tensor. */
  readonly splat?: number;
  /** A smaller tensor that broadcasts to this shape; materialised only where an op needs the full tensor. */
  readonly broadcastOf?: Value;
  /** Name of a graph input. */
  readonly input?: string;
}

/** A graph inside a node: the body of a loop. Its values have names of their own. */
export interface Subgraph {
  readonly name: string;
  readonly inputs: readonly (readonly [name: string, dtype: GraphType, shape: readonly (number | string)[]])[];
  readonly outputs: readonly (readonly [name: string, dtype: GraphType, shape: readonly (number | string)[]])[];
  readonly initializers: Readonly<
    Record<string, { readonly dtype: GraphType; readonly shape: readonly number[]; readonly data: readonly number[] }>
  >;
  readonly nodes: readonly {
    readonly type: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attributes: Readonly<Record<string, Attribute>>;
    readonly domain?: string;
  }[];
}

/** Attribute of an ONNX node; a real number is wrapped to tell it from an integer. */
export type Attribute =
  | number
  | { readonly float: number }
  | readonly number[]
  | string
  | { readonly subgraph: Subgraph };

/** An ONNX operation. */
export interface GraphNode {
  readonly type: string;
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Value[];
  /** Of a loop: the recorded step. Inputs of the node behind those of the body are what the body takes from outside. */
  readonly body?: Body;
}

/** One step of a loop, recorded in a graph of its own. */
export interface Body {
  readonly inputs: readonly Value[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Value[];
}

const MICROSOFT_OPS = new Set(['FusedMatMul']);

/** Records nodes in execution order; equal nodes (type, inputs, attributes) are recorded once. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  private readonly shared = new Map<string, readonly Value[]>();
  private readonly ids: { next: number };
  /** In the body of a loop: what differs from step to step. */
  private readonly own = new Set<Value>();

  /** @param outer for the body of a loop, the graph around it: nodes that are the same at every step are recorded there. */
  constructor(private readonly outer?: Graph) {
    this.ids = outer ? outer.ids : { next: 0 };
  }

  private value(shape: readonly number[], dtype: GraphType, source: Partial<Value>): Value {
    return { id: this.ids.next++, shape: [...shape], dtype, ...source };
  }

  /** Whether a value is made in this graph, not around it. */
  owns(value: Value): boolean {
    return this.own.has(value);
  }

  /** Declares an input of a loop's body. */
  placeholder(shape: readonly number[], dtype: GraphType): Value {
    const value = this.value(shape, dtype, { input: `v${this.ids.next}` });
    this.own.add(value);
    return value;
  }

  /** Declares a graph input. */
  input(name: string, shape: readonly number[], dtype: GraphType): Value {
    const value = this.value(shape, dtype, { input: name });
    this.inputs.push(value);
    return value;
  }

  /** A constant; a float32 or int32 constant whose elements are all equal becomes a splat. */
  constant(data: ConstantData, shape: readonly number[], dtype: GraphType): Value {
    const first = data[0];
    if (first !== undefined && typeof first === 'number' && data.length === sizeOf(shape)) {
      if ((data as Float32Array).every((x) => Object.is(x, first))) return this.splat(first, shape, dtype);
    }
    return this.value(shape, dtype, { constant: data });
  }

  /** A tensor filled with one number. */
  splat(number: number, shape: readonly number[], dtype: GraphType): Value {
    return this.value(shape, dtype, { splat: number });
  }

  /** A lazy broadcast of `source` to `shape`. */
  lazyBroadcast(source: Value, shape: readonly number[]): Value {
    return this.value(shape, source.dtype, { broadcastOf: source });
  }

  private once(key: string, make: () => Value): Value {
    if (this.outer) return this.outer.once(key, make);
    const known = this.shared.get(key);
    if (known?.[0]) return known[0];
    const made = make();
    this.shared.set(key, [made]);
    return made;
  }

  /** A 1-D int64 constant: shapes, axes, slice bounds. */
  int64(list: readonly number[]): Value {
    return this.once(`int64:${list.join(',')}`, () =>
      this.value([list.length], 'int64', { constant: BigInt64Array.from(list, BigInt) }),
    );
  }

  /** A 0-D constant. */
  scalar(number: number, dtype: GraphType): Value {
    return this.once(`scalar:${dtype}:${Object.is(number, -0) ? '-0' : number}`, () => {
      const data =
        dtype === 'float32'
          ? Float32Array.of(number)
          : dtype === 'int64'
            ? BigInt64Array.of(BigInt(number))
            : dtype === 'int32'
              ? Int32Array.of(number)
              : Uint8Array.of(number);
      return this.value([], dtype, { constant: data });
    });
  }

  /**
   * Records a node, or finds the equal one recorded before.
   * @param outputs shape and type of each output.
   * @param body of a loop, which is always recorded anew.
   */
  node(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly (readonly [readonly number[], GraphType])[],
    body?: Body,
  ): readonly Value[] {
    if (this.outer && !inputs.some((input) => this.own.has(input))) {
      return this.outer.node(type, inputs, attributes, outputs, body);
    }
    const key = `${type}|${inputs.map((v) => v.id).join(',')}|${JSON.stringify(attributes)}`;
    const known = body ? undefined : this.shared.get(key);
    if (known) return known;
    const made: Value[] = [];
    const domain = MICROSOFT_OPS.has(type) ? 'com.microsoft' : '';
    const node: GraphNode = { type, domain, inputs, attributes, outputs: made, ...(body && { body }) };
    for (const [shape, dtype] of outputs) made.push(this.value(shape, dtype, { producer: node }));
    this.nodes.push(node);
    if (this.outer) for (const value of made) this.own.add(value);
    if (!body) this.shared.set(key, made);
    return made;
  }

  /** Records a node with one output. */
  op(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    shape: readonly number[],
    dtype: GraphType,
  ): Value {
    return this.node(type, inputs, attributes, [[shape, dtype]])[0] as Value;
  }

  /** The whole tensor, where an op cannot take a splat or a lazy broadcast. */
  full(value: Value): Value {
    if (value.broadcastOf) {
      return this.op('Expand', [value.broadcastOf, this.int64(value.shape)], {}, value.shape, value.dtype);
    }
    if (value.splat === undefined) return value;
    const scalar = this.scalar(value.splat, value.dtype);
    if (value.shape.length === 0) return scalar;
    return this.op('Expand', [scalar, this.int64(value.shape)], {}, value.shape, value.dtype);
  }

  /** The smallest tensor that broadcasts to `value`. */
  compact(value: Value): Value {
    if (value.splat !== undefined) return this.scalar(value.splat, value.dtype);
    return value.broadcastOf ?? value;
  }
}
