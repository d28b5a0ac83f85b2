// How a loop is recorded: what its step records between opening and closing becomes the body of an ONNX Scan.
import { type Body, Graph, type GraphNode, type Value } from './graph.js';

/** A loop whose step is being recorded. */
export interface OpenScan {
  readonly outer: Graph;
  readonly body: Graph;
  /** Initial states, then sequences `[T, …]`, in the outer graph. */
  readonly inputs: readonly Value[];
  /** What the step sees of them: states, then slices. */
  readonly placeholders: readonly Value[];
  readonly states: number;
}

/** Begins a loop. @param states how many of the inputs are states; the others are sequences */
export function openScan(outer: Graph, inputs: readonly Value[], states: number): OpenScan {
  const body = new Graph(outer);
  const placeholders = inputs.map(({ shape, dtype }, i) =>
    body.placeholder(i < states ? shape : shape.slice(1), dtype),
  );
  return { outer, body, inputs: inputs.map((input) => outer.full(input)), placeholders, states };
}

/**
 * Ends a loop and records it.
 * @param results of the step: the next states, then the outputs
 * @returns the last states, then the outputs `[T, …]`
 */
export function closeScan(scan: OpenScan, results: readonly Value[], reverse: boolean): readonly Value[] {
  const { outer, body: graph, inputs, placeholders, states } = scan;
  const outputs = results.map((result) => graph.full(result));
  const body: Body = { inputs: placeholders, nodes: liveNodes(graph, outputs), outputs };
  const directions = (count: number) => new Array<number>(count).fill(reverse ? 1 : 0);
  const attributes = {
    num_scan_inputs: inputs.length - states,
    scan_input_directions: directions(inputs.length - states),
    scan_output_directions: directions(outputs.length - states),
  };
  const length = (inputs[states] as Value).shape[0] as number;
  return outer.node(
    'Scan',
    [...inputs, ...captures(graph, body)],
    attributes,
    outputs.map(({ shape, dtype }, i) => [i < states ? shape : [length, ...shape], dtype] as const),
    body,
  );
}

/** The nodes that the outputs need, in execution order. */
function liveNodes(graph: Graph, outputs: readonly Value[]): GraphNode[] {
  const needed = new Set<Value>(outputs);
  const live = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const input of node.inputs) needed.add(input);
    return true;
  });
  return live.reverse();
}

/** The values around the loop that its body reads; constants are no part of any graph. */
function captures(graph: Graph, { nodes, outputs }: Body): Value[] {
  const read = [...nodes.flatMap((node) => node.inputs), ...outputs];
  return [...new Set(read)].filter((value) => !graph.owns(value) && !value.constant);
}
