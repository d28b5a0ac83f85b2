// How the parts of a model declare their parameters.
import type { ModelConfig } from './config.js';

/** How a parameter starts: Xavier-uniform matrix, normal embedding with deviation D^-½, zeros or ones. */
export type Initializer = 'xavier' | 'embedding' | 'zeros' | 'ones';

/** A parameter as a part of the model declares it. */
export type ParameterEntry = readonly [name: string, shape: readonly number[], initializer: Initializer];

/** Weight and bias of a linear map. */
export function linearEntries(name: string, from: number, to: number): ParameterEntry[] {
  return [
    [`${name}.weight`, [from, to], 'xavier'],
    [`${name}.bias`, [to], 'zeros'],
  ];
}

/** Scale and bias of the configured normalisation. */
export function normEntries(name: string, { norm, modelDim }: ModelConfig): ParameterEntry[] {
  const scale: ParameterEntry = [`${name}.scale`, [modelDim], 'ones'];
  return norm === 'layer' ? [scale, [`${name}.bias`, [modelDim], 'zeros']] : [scale];
}
