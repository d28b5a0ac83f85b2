// The registry of tasks: one line each.
import type { TaskAdapter } from '../src/task.js';
import { audioTagging } from './audio-tagging/adapter.js';
import { dialogue } from './dialogue/adapter.js';
import { graphemeToPhoneme } from './grapheme-to-phoneme/adapter.js';
import { multiLabelClassification } from './multi-label-classification/adapter.js';
import { parsing } from './parsing/adapter.js';
import { questionAnswering } from './question-answering/adapter.js';
import { speechRecognition } from './speech-recognition/adapter.js';
import { speechToSpeech } from './speech-to-speech/adapter.js';
import { speechTranslation } from './speech-translation/adapter.js';
import { summarisation } from './summarisation/adapter.js';
import { textToSpeech } from './text-to-speech/adapter.js';
import { translation } from './translation/adapter.js';

/** Every task s2s knows. */
export const tasks = [
  translation,
  speechRecognition,
  speechTranslation,
  graphemeToPhoneme,
  multiLabelClassification,
  audioTagging,
  parsing,
  summarisation,
  dialogue,
  questionAnswering,
  textToSpeech,
  speechToSpeech,
] as unknown as readonly TaskAdapter[];
