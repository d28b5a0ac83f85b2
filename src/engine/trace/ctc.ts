// How the recursion of CTC is recorded: an ONNX Scan whose body is one step.
import { IMPOSSIBLE } from '../fused/ctc-scan.js';
import type { Graph, Subgraph, Value } from './graph.js';

/**
 * The body of one direction: the next state and, for the record, the state that counts for the frame.
 * @param loop a name of its own: onnxruntime takes sizes of one name to be equal in the whole model, and there may be losses on two texts
 */
function body(isForward: boolean, loop: string): Subgraph {
  const sizes = [`b${loop}`, `u${loop}`] as const;
  const nodes: Subgraph['nodes'][number][] = [];
  let count = 0;
  const op = (type: string, inputs: readonly string[], attributes: Subgraph['nodes'][number]['attributes'] = {}) => {
    const output = `x${count++}`;
    nodes.push({ type, inputs, outputs: [output], attributes });
    return output;
  };
  const through = isForward ? 'state' : op('Add', ['state', 'emission']);
  const pad = (x: string) => op('Pad', [x, 'pads', 'impossible', 'axes']);
  const part = (x: string, which: 1 | 2) => op('Slice', [x, `from${which}`, `to${which}`, 'axes']);
  const padded = pad(through);
  const one = part(padded, 1);
  const two = isForward ? op('Add', [part(padded, 2), 'skip']) : part(pad(op('Add', [through, 'skip'])), 2);
  const largest = op('Max', [through, one, two]);
  const term = (x: string) => op('Exp', [op('Sub', [x, largest])]);
  const total = op('Sum', [term(through), term(one), term(two)]);
  const sum = op('Add', [op('Log', [total]), largest]);
  const next = isForward ? op('Add', [sum, 'emission']) : sum;
  nodes.push({ type: 'Where', inputs: ['isFrame', next, 'state'], outputs: ['nextState'], attributes: {} });
  nodes.push({ type: 'Identity', inputs: ['skip'], outputs: ['nextSkip'], attributes: {} });
  const recorded = isForward ? 'nextState' : 'state';
  nodes.push({ type: 'Identity', inputs: [recorded], outputs: ['recorded'], attributes: {} });
  const int64 = (...list: number[]) => ({ dtype: 'int64' as const, shape: [list.length], data: list });
  return {
    name: isForward ? 'ctc_forward' : 'ctc_backward',
    inputs: [
      ['state', 'float32', sizes],
      ['skip', 'float32', sizes],
      ['emission', 'float32', sizes],
      ['isFrame', 'bool', [sizes[0], 1]],
    ],
    outputs: [
      ['nextState', 'float32', sizes],
      ['nextSkip', 'float32', sizes],
      ['recorded', 'float32', sizes],
    ],
    initializers: {
      // Two impossible states before the first going forward, behind the last going backward.
      pads: isForward ? int64(2, 0) : int64(0, 2),
      axes: int64(1),
      impossible: { dtype: 'float32', shape: [], data: [IMPOSSIBLE] },
      from1: int64(1),
      to1: int64(-1),
      from2: isForward ? int64(0) : int64(2),
      to2: isForward ? int64(-2) : int64(2 ** 40),
    },
    nodes,
  };
}

/** Records the recursion. @returns the state after the last step `[B, U]`, and the states of all frames `[S, B, U]` */
export function recordCtcScan(g: Graph, inputs: Readonly<Record<string, Value>>, direction: string): Value[] {
  const isForward = direction === 'forward';
  const [initial, skip, emissions, isFrame] = ['initial', 'skip', 'emissions', 'isFrame'].map((name) =>
    g.full(inputs[name] as Value),
  ) as [Value, Value, Value, Value];
  const backwards = isForward ? 0 : 1;
  const attributes = {
    body: { subgraph: body(isForward, String(g.nodes.length)) },
    num_scan_inputs: 2,
    scan_input_directions: [backwards, backwards],
    scan_output_directions: [backwards],
  };
  const [end, , states] = g.node('Scan', [initial, skip, emissions, isFrame], attributes, [
    [initial.shape, 'float32'],
    [skip.shape, 'float32'],
    [emissions.shape, 'float32'],
  ]);
  return [end as Value, states as Value];
}
