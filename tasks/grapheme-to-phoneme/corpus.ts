// Opens a split of pronunciations: every one to learn from, or each word once with all of its pronunciations to be scored by.
import { type Corpus, listed, openCorpus } from '../../src/data/corpus.js';
import { type ListedRow, listedCorpus } from '../../src/data/listed-corpus.js';
import { NAMED_EXAMPLES, Tally } from '../../src/data/scan.js';
import { DataError } from '../../src/errors.js';
import { phonemes, unstressedPhonemes } from '../../src/metrics/error-rates/units.js';
import type { TaskContext } from '../../src/task.js';
import { type GraphemeToPhonemeConfig, isDictionary, type PronunciationSplit } from './config.js';
import { readDictionary } from './dictionary.js';

/** A word as its characters are read: trimmed, in the case and the form of Unicode that the configuration asks for. */
export function spell(word: string, { lowercase, normalization }: GraphemeToPhonemeConfig['spelling']): string {
  const trimmed = word.trim();
  const cased = lowercase ? trimmed.toLowerCase() : trimmed;
  return normalization === 'none' ? cased : cased.normalize(normalization === 'nfc' ? 'NFC' : 'NFD');
}

/** The rows of a split's files, whatever their format. */
async function* rowsOf(split: PronunciationSplit, cacheDir: string): AsyncGenerator<ListedRow> {
  if (isDictionary(split)) {
    for await (const { word, phonemes: target, origin } of readDictionary(split.file ?? '', cacheDir)) {
      yield { source: word, target, origin };
    }
    return;
  }
  const { format, ...files } = split;
  const isKnown = format === 'tsv' || format === 'jsonl';
  const corpus = await openCorpus({ ...files, ...(isKnown ? { format } : {}) }, { baseDir: '.', cacheDir });
  try {
    yield* corpus.rows();
  } finally {
    await corpus.close();
  }
}

/**
 * Opens a split. Its rows are in memory: pronouncing dictionaries are small. All rows carry every pronunciation of their word as
 * references; of the training split each pronunciation is a row, of the others each word, with its first pronunciation as the target.
 * Rows that say the same twice are left out; the log is told of those that do so in the file, not of those that stress set apart.
 * @throws DataError naming file and line of what cannot be used
 */
export async function openPronunciations(
  { data, spelling, phonemes: { stress } }: GraphemeToPhonemeConfig,
  split: PronunciationSplit,
  { cacheDir, log }: TaskContext,
): Promise<Corpus> {
  const symbols = stress === 'remove' ? unstressedPhonemes : phonemes;
  const isTraining = split === data.train;
  const lines = new Set<string>();
  const pronunciations = new Map<string, string[]>();
  const rows: ListedRow[] = [];
  const repeated = new Tally();
  const repeatedAt: string[] = [];
  for await (const { source: word, target: spoken, origin } of rowsOf(split, cacheDir)) {
    const line = `${word}\t${phonemes(spoken).join(' ')}`;
    if (lines.has(line)) {
      if (repeatedAt.length < NAMED_EXAMPLES) repeatedAt.push(origin);
      repeated.add(lines.size);
      continue;
    }
    lines.add(line);
    const source = spell(word, spelling);
    const target = symbols(spoken).join(' ');
    const references = pronunciations.get(source) ?? [];
    if (references.length === 0) pronunciations.set(source, references);
    if (references.includes(target)) continue;
    references.push(target);
    if (isTraining || references.length === 1) rows.push({ source, target, references, origin });
  }
  if (rows.length === 0) throw new DataError(`${split.file}: expected at least one pronunciation, found none`);
  if (repeated.count > 0) {
    const what = repeated.count === 1 ? '1 row repeats' : `${repeated.count} rows repeat`;
    log?.(`warning: ${what} a word with the same phonemes; left out: ${listed(repeatedAt, repeated.count)}`);
  }
  return listedCorpus(rows);
}
