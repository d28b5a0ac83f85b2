// The names of the engines.

/** The engines s2s knows; see `createEngine`. */
export type EngineName = 'onnxruntime' | 'tensorflow' | 'cpu';

/** What `--engine` accepts. */
export const ENGINE_CHOICES = ['auto', 'onnxruntime', 'tensorflow', 'cpu'] as const;

/** An engine, or `auto` for the fastest one installed. */
export type EngineChoice = (typeof ENGINE_CHOICES)[number];
