// Which updated variables a model may overwrite while it runs: those that nothing reads afterwards.
import type { GraphNode, Value } from '../trace/graph.js';

/** Operations that compute element i of the result from element i of their inputs, and so may write over one of them. */
const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Where', 'Neg', 'Sqrt']);

/** For each node, which of all nodes (a bit each) its inputs depend on. */
function ancestorsOf(
  nodes: readonly GraphNode[],
): Map<GraphNode, { readonly index: number; readonly bits: Uint32Array }> {
  const known = new Map<GraphNode, { index: number; bits: Uint32Array }>();
  nodes.forEach((node, index) => {
    const bits = new Uint32Array(Math.ceil(nodes.length / 32));
    for (const { producer } of node.inputs) {
      const before = producer && known.get(producer);
      if (!before) continue;
      for (let i = 0; i <= before.index >> 5; i++) bits[i] = (bits[i] as number) | (before.bits[i] as number);
      const word = before.index >> 5;
      bits[word] = (bits[word] as number) | (1 << (before.index & 31));
    }
    known.set(node, { index, bits });
  });
  return known;
}

/**
 * The updates whose result may be written into the variable's own memory: an elementwise operation computes it, and every
 * other operation that reads the variable comes before that one by necessity, whatever order onnxruntime chooses. A reader
 * right before it must be elementwise too, because onnxruntime may fuse the two.
 * @param nodes in execution order @param results everything that the model returns
 * @param updates variable → new value
 */
export function inPlaceUpdates(
  nodes: readonly GraphNode[],
  results: readonly Value[],
  updates: Readonly<Record<string, Value>>,
): string[] {
  const ancestors = ancestorsOf(nodes);
  const readers = new Map<string, GraphNode[]>();
  /** Values that share a variable's memory. */
  const views = new Map<Value, string>();
  const variableOf = (value: Value): string | undefined => value.input ?? views.get(value);
  for (const node of nodes) {
    for (const input of node.inputs) {
      const variable = variableOf(input);
      if (variable === undefined) continue;
      if (node.type === 'Reshape') for (const output of node.outputs) views.set(output, variable);
      else readers.set(variable, [...(readers.get(variable) ?? []), node]);
    }
  }
  const returned = new Set(results.map(variableOf));
  return Object.entries(updates).flatMap(([name, { producer }]) => {
    const variable = `variable:${name}`;
    if (!producer || !ELEMENTWISE.has(producer.type) || returned.has(variable)) return [];
    const { bits } = ancestors.get(producer) as { bits: Uint32Array };
    const isSafe = (reader: GraphNode): boolean => {
      if (reader === producer) return true;
      const { index } = ancestors.get(reader) as { index: number };
      const isBefore = (((bits[index >> 5] as number) >>> (index & 31)) & 1) === 1;
      const isNext = producer.inputs.some((input) => input.producer === reader);
      return isBefore && (!isNext || ELEMENTWISE.has(reader.type));
    };
    return (readers.get(variable) ?? []).every(isSafe) ? [name] : [];
  });
}
