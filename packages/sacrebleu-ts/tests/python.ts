// Reads options as Python's sacreBLEU names them, for tests against its numbers.
import type { BLEUOptions, SmoothMethod, TokenizerName } from '../src/index.js';

/** Options of sacreBLEU's class `BLEU`. */
export interface PythonOptions {
  lowercase?: boolean;
  force?: boolean;
  tokenize?: TokenizerName;
  smooth_method?: SmoothMethod;
  smooth_value?: number | null;
  max_ngram_order?: number;
  effective_order?: boolean;
}

/** The same options by this package's names. */
export function fromPython(options: PythonOptions): BLEUOptions {
  const { lowercase, force, tokenize, smooth_method, smooth_value, max_ngram_order, effective_order } = options;
  return {
    ...(lowercase !== undefined && { lowercase }),
    ...(force !== undefined && { force }),
    ...(tokenize !== undefined && { tokenize }),
    ...(smooth_method !== undefined && { smoothMethod: smooth_method }),
    smoothValue: smooth_value ?? undefined,
    ...(max_ngram_order !== undefined && { maxNgramOrder: max_ngram_order }),
    ...(effective_order !== undefined && { effectiveOrder: effective_order }),
  };
}
