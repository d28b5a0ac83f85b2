// The configuration of dialogue.
import { z } from 'zod';
import { checkTextConfig, textData, textHead, textSections } from '../text/config.js';

const path = z.string().min(1);

/** Where the dialogues of one split are. */
const dialoguesSchema = z.strictObject({
  file: z
    .union([path, z.array(path).min(1)])
    .describe(
      'a file of dialogues (.jsonl: one a line; .json: a list of them; either may be gzip), a folder of such files, or a list of files and folders',
    ),
});

/** See {@link dialoguesSchema}. */
export type DialogueSplit = z.infer<typeof dialoguesSchema>;

/** The whole configuration of a dialogue run. */
export const dialogueConfigSchema = z
  .strictObject({
    ...textHead('dialogue'),
    data: textData(dialoguesSchema),
    dialogue: z
      .strictObject({
        respond: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .describe('speakers whose turns are replies to be learned, as the data names them; all when absent'),
        contextTurns: z.int().min(1).default(4).describe('most turns before a reply that the model reads'),
        maxContextWords: z
          .int()
          .min(1)
          .optional()
          .describe(
            'most words of these turns together; the oldest turns are left out, whole, until the others fit, but never the last one; no limit when absent',
          ),
      })
      .prefault({})
      .describe('what is a reply, and to what'),
    ...textSections(['bleu', 'perplexity', 'distinct-1', 'distinct-2', 'responseLength']),
  })
  .superRefine(checkTextConfig);

/** See {@link dialogueConfigSchema}. */
export type DialogueConfig = z.infer<typeof dialogueConfigSchema>;
