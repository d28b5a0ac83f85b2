// Two traces of one program, at two sizes of every symbolic dimension → one ONNX model that serves all sizes.
import { EngineError } from '../../errors.js';
import { type Trace, trace } from '../trace/backend.js';
import type { Body, ConstantData, GraphNode, Subgraph, Value } from '../trace/graph.js';
import { ONNX_TYPE } from '../trace/simplify.js';
import type { HostTensor, Program, TensorSpec } from '../types.js';
import { inPlaceUpdates } from './in-place.js';
import { OnnxWriter } from './protobuf.js';
import { type DimensionSource, type Monomial, PRIMES, sizeFitter, symbolicDimensions } from './sizes.js';

/** The size of a Reshape that follows from the others; one need not be a product of dimensions. */
const INFERRED = -1;

/** A lowered program. */
export interface LoweredProgram {
  readonly model: Uint8Array;
  readonly nodes: number;
  /** Inputs and variables that the model reads, with their specs. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly variables: Readonly<Record<string, TensorSpec>>;
  readonly outputs: readonly string[];
  readonly updates: readonly string[];
  /** The updates that may be written over the variable during a run. */
  readonly inPlace: readonly string[];
  /** Variable → axis of each append. */
  readonly appends: Readonly<Record<string, number>>;
}

/**
 * Lowers a program to ONNX.
 * @param constants variables whose values are built into the model.
 * @throws EngineError when the program's structure depends on a size, or a constant's data does.
 */
export function lower(program: Program, constants: Readonly<Record<string, HostTensor>> = {}): LoweredProgram {
  const dimensions = symbolicDimensions(program);
  const names = [...dimensions.keys()];
  if (names.length > PRIMES.length) {
    throw new EngineError(
      `internal: program ${program.name} has ${names.length} symbolic dimensions, at most ${PRIMES.length} are supported`,
    );
  }
  const sizesOf = (which: 0 | 1) => names.map((_name, i) => (PRIMES[i] as readonly [number, number])[which]);
  const traceAt = (which: 0 | 1) =>
    trace(program, Object.fromEntries(sizesOf(which).map((size, i) => [names[i] as string, size])));
  const first = traceAt(0);
  const second = names.length > 0 ? traceAt(1) : first;
  return new Lowering(program, dimensions, sizesOf(0), sizesOf(1), first, second, constants).run();
}

/** The state of one lowering. */
class Lowering {
  private readonly writer = new OnnxWriter();
  private readonly twins = new Map<Value, Value>();
  private readonly written = new Map<Value, string>();
  /** Shapes with one inferred size, which only a Reshape understands. */
  private readonly reshapes = new Map<Value, string>();
  private readonly renamed = new Map<Value, string>();
  private readonly dimensionNames = new Map<string, string>();
  private readonly expressions = new Map<string, string>();
  private readonly names: readonly string[];
  private readonly fit: ReturnType<typeof sizeFitter>;
  private temporaries = 0;

  constructor(
    private readonly program: Program,
    private readonly dimensions: ReadonlyMap<string, DimensionSource>,
    firstSizes: readonly number[],
    secondSizes: readonly number[],
    private readonly first: Trace,
    private readonly second: Trace,
    private readonly constants: Readonly<Record<string, HostTensor>>,
  ) {
    this.names = [...dimensions.keys()];
    this.fit = sizeFitter(firstSizes, secondSizes);
  }

  run(): LoweredProgram {
    this.pairNodes();
    const roots = this.roots();
    const live = this.liveNodes(roots.map(([, value]) => value));
    for (const [name, value] of roots) {
      if (value.producer && !this.renamed.has(value)) this.renamed.set(value, name);
    }
    const used = this.usedInputs(live, roots);
    for (const [name, { tensor, axis }] of this.dimensions) {
      const output = `dimension:${name}`;
      this.writer.node('Shape', [tensor], [output], { start: axis, end: axis + 1 });
      this.dimensionNames.set(name, output);
    }
    for (const node of this.first.graph.nodes) if (live.has(node)) this.writeNode(node);
    for (const [name, value] of roots) {
      if (this.renamed.get(value) !== name) this.writer.node('Identity', [this.nameOf(value)], [name]);
      this.writer.output(name, value.dtype, this.symbolicShape(value));
    }
    const { inputs, variables } = this.writeInputs(used);
    return {
      model: this.writer.finish(this.program.name),
      nodes: this.writer.nodes,
      inputs,
      variables,
      outputs: Object.keys(this.first.outputs),
      updates: Object.keys(this.first.updates),
      inPlace: inPlaceUpdates(
        this.first.graph.nodes.filter((node) => live.has(node)),
        roots.map(([, value]) => value),
        this.first.updates,
      ),
      appends: Object.fromEntries(Object.entries(this.first.appends).map(([name, { axis }]) => [name, axis])),
    };
  }

  private fail(message: string): EngineError {
    return new EngineError(`internal: program ${this.program.name}: ${message}`);
  }

  /** Walks both traces side by side; they must differ in sizes only. */
  private pairNodes(): void {
    const a = this.first.graph.nodes;
    const b = this.second.graph.nodes;
    this.pairLists(a, b);
    this.pair(this.first.graph.inputs, this.second.graph.inputs);
  }

  private pair(a: readonly Value[], b: readonly Value[]): void {
    a.forEach((value, i) => {
      this.twins.set(value, b[i] as Value);
    });
  }

  private pairLists(a: readonly GraphNode[], b: readonly GraphNode[]): void {
    if (a.length !== b.length) throw this.fail(`its structure depends on a size (${a.length} and ${b.length} nodes)`);
    a.forEach((node, i) => {
      const twin = b[i] as GraphNode;
      const same =
        node.type === twin.type &&
        node.inputs.length === twin.inputs.length &&
        JSON.stringify(node.attributes) === JSON.stringify(twin.attributes);
      if (!same) throw this.fail(`node ${i} is ${node.type} at one size and ${twin.type} at another`);
      this.pair(node.inputs, twin.inputs);
      this.pair(node.outputs, twin.outputs);
      if (node.body && twin.body) {
        this.pair(node.body.inputs, twin.body.inputs);
        this.pairLists(node.body.nodes, twin.body.nodes);
        this.pair(node.body.outputs, twin.body.outputs);
      }
    });
  }

  private roots(): [string, Value][] {
    const { outputs, updates, appends } = this.first;
    const twin = this.second;
    const list: [string, Value, Value][] = [
      ...Object.entries(outputs).map(([k, v]): [string, Value, Value] => [`output:${k}`, v, twin.outputs[k] as Value]),
      ...Object.entries(updates).map(([k, v]): [string, Value, Value] => [`update:${k}`, v, twin.updates[k] as Value]),
      ...Object.entries(appends).map(([k, v]): [string, Value, Value] => [
        `append:${k}`,
        v.value,
        (twin.appends[k] as { value: Value }).value,
      ]),
    ];
    return list.map(([name, value, other]) => {
      this.twins.set(value, other);
      return [name, value];
    });
  }

  private liveNodes(roots: readonly Value[]): Set<GraphNode> {
    const live = new Set<GraphNode>();
    const stack = roots.flatMap((value) => (value.producer ? [value.producer] : []));
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (live.has(node)) continue;
      live.add(node);
      for (const input of node.inputs) if (input.producer) stack.push(input.producer);
    }
    return live;
  }

  private usedInputs(live: ReadonlySet<GraphNode>, roots: readonly [string, Value][]): Set<string> {
    const used = new Set([...this.dimensions.values()].map((source) => source.tensor));
    for (const [, value] of roots) if (value.input) used.add(value.input);
    for (const node of live) for (const input of node.inputs) if (input.input) used.add(input.input);
    return used;
  }

  private writeInputs(used: ReadonlySet<string>): Pick<LoweredProgram, 'inputs' | 'variables'> {
    const inputs: Record<string, TensorSpec> = {};
    const variables: Record<string, TensorSpec> = {};
    const declare = (
      specs: Readonly<Record<string, TensorSpec>>,
      prefix: string,
      into: Record<string, TensorSpec>,
    ): void => {
      for (const [name, spec] of Object.entries(specs)) {
        if (!used.has(prefix + name)) continue;
        const constant = prefix ? this.constants[name] : undefined;
        if (constant) {
          this.writer.initializer(prefix + name, spec.dtype, constant.shape, constant.data);
        } else {
          this.writer.input(prefix + name, spec.dtype, spec.shape);
          into[name] = spec;
        }
      }
    };
    declare(this.program.inputs, '', inputs);
    declare(this.program.variables, 'variable:', variables);
    return { inputs, variables };
  }

  private writeNode(node: GraphNode): void {
    const { type, inputs, outputs, attributes, domain } = this.named(node);
    this.writer.node(type, inputs, outputs, attributes, domain);
  }

  /** A node with names in place of values. */
  private named(node: GraphNode): Subgraph['nodes'][number] {
    const { type, domain, body } = node;
    // What a body takes from outside it reads by name; it is no input of the node.
    const inputs = node.inputs
      .slice(0, body?.inputs.length)
      .map((input) => (input.constant ? this.constantFor(input, node) : this.nameOf(input)));
    const outputs = node.outputs.map((output) => this.nameOf(output));
    const attributes = body ? { ...node.attributes, body: { subgraph: this.subgraph(body) } } : node.attributes;
    return { type, inputs, outputs, attributes, domain };
  }

  /** A loop's body; its constants, and the sizes in it, are computed around the loop. */
  private subgraph({ inputs, nodes, outputs }: Body): Subgraph {
    const declare = (name: string, value: Value) => [name, value.dtype, this.sizeNames(value)] as const;
    const list = nodes.map((node) => this.named(node));
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const results = outputs.map((value) => {
      // An output needs a name of its own, made in the body.
      if (made.delete(value)) return declare(this.nameOf(value), value);
      const name = `t${this.temporaries++}`;
      list.push({ type: 'Identity', inputs: [this.nameOf(value)], outputs: [name], attributes: {} });
      return declare(name, value);
    });
    return {
      name: `body${this.temporaries++}`,
      inputs: inputs.map((value) => declare(this.nameOf(value), value)),
      outputs: results,
      initializers: {},
      nodes: list,
    };
  }

  private nameOf(value: Value): string {
    if (value.constant) return this.constantFor(value);
    return value.input ?? this.renamed.get(value) ?? `v${value.id}`;
  }

  /** The name of a constant, computed from symbolic dimensions where it depends on them. */
  private constantFor(value: Value, user?: GraphNode): string {
    const cache = user?.type === 'Reshape' ? this.reshapes : this.written;
    const known = cache.get(value);
    if (known) return known;
    const data = value.constant as ConstantData;
    const twin = this.twins.get(value)?.constant ?? data;
    const where = user ? ` of ${user.type}` : '';
    if (data.length !== twin.length) throw this.fail(`a constant${where} has data that depends on a size`);
    const pairs = Array.from<number | bigint, [number, number]>(
      data as Iterable<number | bigint> & ArrayLike<number>,
      (x, i) => [Number(x), Number(twin[i])],
    );
    let name: string;
    if (pairs.every(([a, b]) => Object.is(a, b))) {
      name = `v${value.id}`;
      if (!this.written.has(value)) this.writer.initializer(name, value.dtype, value.shape, data);
      this.written.set(value, name);
    } else {
      const fits = pairs.map(([a, b]) => this.fit(a, b));
      if (user?.type === 'Reshape' && fits.filter((fit) => !fit).length === 1) {
        fits[fits.indexOf(undefined)] = { factor: INFERRED };
      }
      if (fits.some((fit) => !fit))
        throw this.fail(
          `cannot express the constant [${pairs.map(([a]) => a)}] / [${pairs.map(([, b]) => b)}]${where}`,
        );
      name = this.symbolicConstant(value, fits as Monomial[], user);
    }
    cache.set(value, name);
    return name;
  }

  private symbolicConstant(value: Value, fits: readonly Monomial[], user?: GraphNode): string {
    const symbolic = fits.filter((fit) => fit.powers);
    // A Reshape infers one symbolic size by itself, if it has no other to infer.
    const isFree = user?.type === 'Reshape' && !fits.some((fit) => fit.factor === INFERRED);
    if (isFree && symbolic.length === 1 && value.shape.length === 1) {
      return this.int64Constant(fits.map((fit) => (fit.powers ? INFERRED : fit.factor)));
    }
    const pieces = fits.map((fit) => this.expression(fit));
    const list = pieces.length === 1 ? (pieces[0] as string) : this.temporary('Concat', pieces, { axis: 0 });
    const typed = value.dtype === 'int64' ? list : this.temporary('Cast', [list], { to: ONNX_TYPE[value.dtype] });
    return value.shape.length === 1 ? typed : this.temporary('Reshape', [typed, this.int64Constant(value.shape)], {});
  }

  /** Name of a 1-D int64 tensor holding the monomial's value. */
  private expression({ factor, powers }: Monomial): string {
    if (!Number.isInteger(factor)) throw this.fail(`a size is ${factor} times a product of dimensions`);
    const key = `${factor}:${powers?.join(',')}`;
    const known = this.expressions.get(key);
    if (known) return known;
    const terms = factor === 1 && powers ? [] : [this.int64Constant([factor])];
    powers?.forEach((power, i) => {
      for (let k = 0; k < power; k++) terms.push(this.dimensionNames.get(this.names[i] as string) as string);
    });
    const name = terms.reduce((product, term) => this.temporary('Mul', [product, term], {}));
    this.expressions.set(key, name);
    return name;
  }

  private int64Constant(list: readonly number[]): string {
    const name = `t${this.temporaries++}`;
    this.writer.initializer(name, 'int64', [list.length], BigInt64Array.from(list, BigInt));
    return name;
  }

  private temporary(type: string, inputs: readonly string[], attributes: Readonly<Record<string, number>>): string {
    const name = `t${this.temporaries++}`;
    this.writer.node(type, inputs, [name], attributes);
    return name;
  }

  private symbolicShape(value: Value): (number | string)[] {
    const names = this.sizeNames(value);
    const unnamed = names.indexOf('');
    if (unnamed < 0) return names;
    const sizes = [value, this.twins.get(value) ?? value].map(({ shape }) => shape[unnamed]);
    throw this.fail(`cannot express the size ${sizes.join(' / ')} of a result`);
  }

  /** The shape, with names for symbolic sizes; a size that is no product of dimensions has an empty one. */
  private sizeNames(value: Value): (number | string)[] {
    const twin = this.twins.get(value) ?? value;
    return value.shape.map((dim, axis) => {
      const fit = this.fit(dim, twin.shape[axis] as number);
      if (!fit?.powers) return fit ? dim : '';
      const factors = fit.powers.flatMap((power, i) => new Array<string>(power).fill(this.names[i] as string));
      return [...(fit.factor === 1 ? [] : [String(fit.factor)]), ...factors].join('*');
    });
  }
}
