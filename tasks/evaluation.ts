// The `evaluation` section of tasks whose outputs are text, and the rule on the metric that validation goes by.
import { z } from 'zod';
import { TAG_SCHEMES } from '../src/metrics/entities/spans.js';
import { METRIC_NAMES } from '../src/metrics/metric.js';
import { PERPLEXITY } from '../src/metrics/types.js';

/** How outputs are scored. @param metrics what is reported unless told */
export const textEvaluation = (metrics: readonly string[]) =>
  z
    .strictObject({
      metrics: z
        .array(z.enum([PERPLEXITY, ...METRIC_NAMES] as const))
        .min(1)
        .default([...metrics])
        .describe('what to report'),
      tokenize: z.enum(['13a', 'intl', 'char', 'zh', 'none']).default('13a').describe('BLEU’s tokenizer'),
      lowercase: z.boolean().default(false).describe('compare without regard to case'),
      normalize: z
        .enum(['none', 'basic', 'english'])
        .default('none')
        .describe('what wer, cer, mer and wil do to both texts first'),
      characters: z.enum(['codePoint', 'grapheme']).default('codePoint').describe('what cer counts'),
      stem: z.boolean().default(false).describe('compare the stems of English words in ROUGE'),
      ignoreStress: z
        .boolean()
        .default(false)
        .describe('compare phonemes without stress in per and pronunciationErrorRate: AH0 as AH'),
      tagScheme: z
        .enum(TAG_SCHEMES)
        .default('conlleval')
        .describe('how entityF1 reads tags: as conlleval, or strictly by a scheme'),
    })
    .prefault({})
    .describe('how outputs are scored');

/** What is wrong with `training.validationMetric`, if anything is. */
export function validationMetricProblem(metric: string): string | undefined {
  if (metric === 'loss' || METRIC_NAMES.includes(metric)) return undefined;
  return `validationMetric must be loss or one of ${METRIC_NAMES.join(', ')}, but is ${metric}`;
}
