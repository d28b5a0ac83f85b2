// Layers with the same weights: what the layers of a stack learn is then learned once, to be applied as often as there are layers.
import { type ModelConfig, sharesLayers } from './config.js';

/** The name under which a layer's parameter is kept: `encoder.layers.0.…` for `encoder.layers.2.…`, where layers share. */
export const keptName = (config: ModelConfig, name: string): string =>
  name.replace(/^(encoder|decoder)\.layers\.\d+\./, (layer, stack: string) =>
    sharesLayers(config, stack) ? `${stack}.layers.0.` : layer,
  );
