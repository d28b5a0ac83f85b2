// Answering questions on stories, which are made here: where somebody is who has moved several times. Sentences as source positions.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluate, train } from '../../src/index.js';
import { Random } from '../../src/random.js';
import { report, useFolder } from './support.js';

const PEOPLE = ['Ada', 'Ben', 'Cleo', 'Dan'];
const PLACES = ['attic', 'cellar', 'garden', 'kitchen', 'library', 'stable'];
const VERBS = ['walked to', 'ran to', 'went back to'];
const EPISODES = 5;

/** Stories of five questions each, with two moves before every one, in bAbI's format. */
function storyLines(seed: number, stories: number): string {
  const random = new Random(seed, 'stories');
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.uniform() * items.length)] as T;
  const lines: string[] = [];
  for (let story = 0; story < stories; story++) {
    const at = new Map<string, string>();
    let number = 0;
    for (let episode = 0; episode < EPISODES; episode++) {
      for (let move = 0; move < 2; move++) {
        const [person, place] = [pick(PEOPLE), pick(PLACES)];
        at.set(person, place);
        number += 1;
        lines.push(`${number} ${person} ${pick(VERBS)} the ${place}.`);
      }
      const [person, place] = pick([...at]);
      number += 1;
      lines.push(`${number} Where is ${person}?\t${place}\t1`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const CONFIG = `task: question-answering
data:
  train: { file: train.txt }
  valid: { file: valid.txt }
  test: { file: test.txt }
tokenizer: { kind: word }
text: { unit: sentence, newestFirst: true }
batching: { maxTokens: 4096, maxSentences: 64 }
model: { modelDim: 64, feedForwardDim: 256, heads: 4, encoderLayers: 3, sharedLayers: encoder, decoderLayers: 1, dropout: 0.1 }
training:
  steps: 1500
  optimizer: adamw
  weightDecay: 0.5
  learningRate: 0.002
  schedule: linear
  warmupSteps: 100
  validateEvery: 200
  validationMetric: exactMatch
decoding: { beam: 1, maxLength: 4 }
evaluation: { metrics: [exactMatch] }
`;

const folder = useFolder();

it('answers where people are, having seen 1,000 questions', async () => {
  const run = join(folder(), 'run');
  const files = { 'train.txt': storyLines(1, 200), 'valid.txt': storyLines(2, 40), 'test.txt': storyLines(3, 200) };
  for (const [name, text] of Object.entries({ ...files, 'config.yaml': CONFIG })) {
    await writeFile(join(folder(), name), text);
  }
  await train({ config: join(folder(), 'config.yaml'), out: run, quiet: true });
  const { examples, metrics } = await evaluate({ run, quiet: true });
  const score = metrics.exactMatch?.score as number;
  report('stories', { score });
  expect(examples).toBe(1000);
  expect(score).toBeGreaterThan(98);
});
