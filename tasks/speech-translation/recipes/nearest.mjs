// A control for asterisk.yaml: the French of the training prompt whose English words are nearest, for each test prompt.
//
//   node nearest.mjs asterisk > nearest.txt
//   s2s eval --hypotheses nearest.txt --reference references.txt --metrics bleu,chrf
//
// It reads the English transcripts, which the model does not. With `--references` it prints the French of the test prompts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, option] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node nearest.mjs FOLDER [--references]');
  process.exit(2);
}

/** English words and French text of a split. */
function read(split) {
  const [, ...lines] = readFileSync(join(folder, `${split}.tsv`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => {
    const [, text, translation] = line.split('\t');
    return { words: text.split(' '), translation };
  });
}

/** Edits that make one list of words of another. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (word === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

const train = read('train');
for (const { words, translation } of read('test')) {
  const share = (other) => distance(words, other.words) / Math.max(words.length, other.words.length);
  const nearest = train.reduce((best, other) => (share(other) < share(best) ? other : best));
  console.log(option === '--references' ? translation : nearest.translation);
}
