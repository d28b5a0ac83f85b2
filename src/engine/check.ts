// Checks what engines are given: a run's inputs against what the program declares, and variables.
import { EngineError } from '../errors.js';
import { type HostTensor, type Program, sizeOf } from './types.js';

/** @throws EngineError naming the input, the declared shape and the one found. */
export function checkInputs(program: Program, inputs: Readonly<Record<string, HostTensor>>): void {
  const sizes = new Map<string, number>();
  for (const [name, spec] of Object.entries(program.inputs)) {
    const tensor = inputs[name];
    const expected = `[${spec.shape.join(', ')}]`;
    if (!tensor) throw new EngineError(`internal: ${program.name}: input ${name} ${expected} is missing`);
    const fits =
      tensor.shape.length === spec.shape.length &&
      tensor.data.length === sizeOf(tensor.shape) &&
      tensor.data instanceof (spec.dtype === 'float32' ? Float32Array : Int32Array) &&
      spec.shape.every((dim, axis) => {
        const size = tensor.shape[axis] as number;
        if (typeof dim === 'number') return dim === size;
        if (!sizes.has(dim)) sizes.set(dim, size);
        return sizes.get(dim) === size;
      });
    if (!fits) {
      throw new EngineError(
        `internal: ${program.name}: input ${name} must be ${spec.dtype} ${expected}, got [${tensor.shape.join(', ')}]`,
      );
    }
  }
}

/** @throws EngineError naming a variable whose data do not fill its shape, as after its memory was handed to an engine. */
export function checkVariables(variables: Readonly<Record<string, HostTensor>>): void {
  for (const [name, { shape, data }] of Object.entries(variables)) {
    if (data.length === sizeOf(shape)) continue;
    throw new EngineError(
      `internal: variable ${name} [${shape.join(', ')}] needs ${sizeOf(shape)} numbers, got ${data.length}`,
    );
  }
}
