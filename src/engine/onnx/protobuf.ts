// A writer for the part of the ONNX protobuf format that graphs need.
import type { Attribute, ConstantData, GraphType, Subgraph } from '../trace/graph.js';
import { ONNX_TYPE } from '../trace/simplify.js';

/** IR version and operator sets of the models we write; onnxruntime ≥ 1.19 reads them. */
const IR_VERSION = 10;
const OPSET = 21;

/** Collects the fields of one protobuf message. */
class Message {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  private push(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  private varint(value: number | bigint): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.push(Uint8Array.from(bytes));
  }

  integer(field: number, value: number | bigint): this {
    return this.varint(field << 3).varint(value);
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.varint((field << 3) | 5).push(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.varint((field << 3) | 2)
      .varint(value.length)
      .push(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    this.varint((field << 3) | 2).varint(value.length);
    for (const part of value.parts) this.push(part);
    return this;
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** TensorProto. */
function tensor(name: string, dtype: GraphType, shape: readonly number[], data: ConstantData): Message {
  const message = new Message();
  for (const dim of shape) message.integer(1, dim);
  message.integer(2, ONNX_TYPE[dtype]).text(8, name);
  return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** AttributeProto. */
function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  if ('subgraph' in value) return message.message(6, subgraph(value.subgraph)).integer(20, 5);
  for (const item of value) message.integer(8, item);
  return message.integer(20, 7);
}

/** ValueInfoProto; a string is a symbolic dimension, an empty one an unknown size. */
function valueInfo(name: string, dtype: GraphType, shape: readonly (number | string)[]): Message {
  const dims = new Message();
  for (const dim of shape) {
    const size = new Message();
    dims.message(1, dim === '' ? size : typeof dim === 'string' ? size.text(2, dim) : size.integer(1, dim));
  }
  const type = new Message().integer(1, ONNX_TYPE[dtype]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, type));
}

/** NodeProto. */
function node(
  name: string,
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>>,
  domain = '',
): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
  return domain ? message.text(7, domain) : message;
}

/** GraphProto of a loop's body. */
function subgraph({ name, inputs, outputs, initializers, nodes }: Subgraph): Message {
  const graph = new Message();
  nodes.forEach((item, i) => {
    const { type, inputs: from, outputs: to, attributes, domain } = item;
    graph.message(1, node(`${name}_${i}_${type}`, type, from, to, attributes, domain));
  });
  graph.text(2, name);
  for (const [key, { dtype, shape, data }] of Object.entries(initializers)) {
    const list = dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
    graph.message(5, tensor(key, dtype, shape, list));
  }
  for (const [key, dtype, shape] of inputs) graph.message(11, valueInfo(key, dtype, shape));
  for (const [key, dtype, shape] of outputs) graph.message(12, valueInfo(key, dtype, shape));
  return graph;
}

/** Builds an ONNX model piece by piece. */
export class OnnxWriter {
  private readonly graph = new Message();
  nodes = 0;

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): void {
    this.graph.message(1, node(`${this.nodes}_${type}`, type, inputs, outputs, attributes, domain));
    this.nodes += 1;
  }

  initializer(name: string, dtype: GraphType, shape: readonly number[], data: ConstantData): void {
    this.graph.message(5, tensor(name, dtype, shape, data));
  }

  input(name: string, dtype: GraphType, shape: readonly (number | string)[]): void {
    this.graph.message(11, valueInfo(name, dtype, shape));
  }

  output(name: string, dtype: GraphType, shape: readonly (number | string)[]): void {
    this.graph.message(12, valueInfo(name, dtype, shape));
  }

  /** ModelProto. */
  finish(name: string): Uint8Array {
    const operatorSet = (domain: string, version: number) => new Message().text(1, domain).integer(2, version);
    return new Message()
      .integer(1, IR_VERSION)
      .text(2, 's2s')
      .message(7, this.graph.text(2, name))
      .message(8, operatorSet('', OPSET))
      .message(8, operatorSet('com.microsoft', 1))
      .finish();
  }
}
