// Layers with the same weights: what the layers of a stack learn is then learned once, to be applied as often as there are layers.
import type { ModelConfig } from './config.js';

/** Whether all layers of a stack have the weights of its first, as in the Universal Transformer (Dehghani et al., 2019). */
const sharesLayers = ({ sharedLayers }: ModelConfig, stack: string): boolean =>
  sharedLayers === stack || sharedLayers === 'both';

/** The name under which a layer's parameter is kept: `encoder.layers.0.…` for `encoder.layers.2.…`, where layers share. */
export const keptName = (config: ModelConfig, name: string): string =>
  name.replace(/^(encoder|decoder)\.layers\.\d+\./, (layer, stack: string) =>
    sharesLayers(config, stack) ? `${stack}.layers.0.` : layer,
  );
