// "Did you mean …?": the nearest of a set of names by Damerau-Levenshtein distance.

/**
 * The optimal-string-alignment distance of two strings: the fewest insertions, deletions, substitutions and swaps of
 * neighbours that turn `a` into `b`, counted in Unicode code points.
 */
export function editDistance(a: string, b: string): number {
  const source = [...a];
  const target = [...b];
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: target.length + 1 }, (_, j) => j);
  for (let i = 1; i <= source.length; i++) {
    const current = [i];
    for (let j = 1; j <= target.length; j++) {
      const substitution = previous[j - 1]! + (source[i - 1] === target[j - 1] ? 0 : 1);
      let best = Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution);
      if (i > 1 && j > 1 && source[i - 1] === target[j - 2] && source[i - 2] === target[j - 1]) {
        best = Math.min(best, beforePrevious[j - 2]! + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[target.length]!;
}

/** Spelling without case and separators, so that `warmup_steps` and `warmupSteps` are the same name. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, '');

/** Whether two names are the same but for case, `-` and `_`. */
export function sameName(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/**
 * The candidate nearest to a mistyped word, or undefined when none is near: at most a third of its letters may differ
 * (one for words of two to five letters). Case, `-` and `_` do not count. The first of equally near ones wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const name = plain(candidate);
    const length = Math.max(wanted.length, name.length);
    const allowed = length < 2 ? 0 : Math.max(1, Math.floor(length / 3));
    const distance = editDistance(wanted, name);
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean \`x\`?` for a near candidate, else an empty string: to be put at the end of a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = suggest(word, candidates);
  return found === undefined ? '' : `; did you mean \`${found}\`?`;
}
