// The configuration of translation.
import { z } from 'zod';
import { checkTextConfig, parallelData, textHead, textSections } from '../text/config.js';

/** The whole configuration of a translation run. */
export const translationConfigSchema = z
  .strictObject({ ...textHead('translation'), data: parallelData, ...textSections(['bleu']) })
  .superRefine(checkTextConfig);

/** See {@link translationConfigSchema}. */
export type TranslationConfig = z.infer<typeof translationConfigSchema>;
