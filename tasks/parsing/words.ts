// Sentences as words between white space.

/** The words of a line. White space is ASCII's, as readers of trees have it: U+00A0 is a part of a word. */
export const wordsOf = (line: string): string[] => line.split(/[\t-\r ]+/).filter(Boolean);
