// Logits processors: rules that forbid tokens to follow a hypothesis. A new constraint is one class here and one line in createProcessors.
import type { OutputGrammar } from '../../data/output-grammar.js';
import type { SearchOptions } from './options.js';

/** Forbids some of the tokens that a hypothesis could be continued with. */
export interface LogitsProcessor {
  /**
   * Adds to `banned` the tokens that must not follow.
   * @param prefix the tokens generated so far, begin mark excluded; valid only during the call.
   * @param sentence number in the batch
   */
  ban(prefix: Int32Array, banned: BannedTokens, sentence: number): void;
}

/** The processors that the options ask for; none when nothing is to be forbidden. */
export function createProcessors(options: SearchOptions): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  if (options.minLength > 0) processors.push(new MinLength(options.minLength, options.endToken));
  if (options.suppressTokens?.length) processors.push(new SuppressTokens(options.suppressTokens));
  if (options.allowedTokens) processors.push(new AllowedTokens(options.allowedTokens, options.endToken));
  if (options.noRepeatNgram > 0) processors.push(new NoRepeatNgram(options.noRepeatNgram));
  if (options.grammars) processors.push(new Grammars(options.grammars, options.maxLengths));
  return processors;
}

/** No end mark before `minLength` tokens. */
export class MinLength implements LogitsProcessor {
  constructor(
    private readonly minLength: number,
    private readonly endToken: number,
  ) {}

  ban(prefix: Int32Array, banned: BannedTokens): void {
    if (prefix.length < this.minLength) banned.add(this.endToken);
  }
}

/** Tokens that are never generated, such as the padding mark. */
export class SuppressTokens implements LogitsProcessor {
  constructor(private readonly tokens: readonly number[]) {}

  ban(_prefix: Int32Array, banned: BannedTokens): void {
    for (const token of this.tokens) banned.add(token);
  }
}

/** Nothing but these tokens and the end mark, for outputs from a closed vocabulary. */
class AllowedTokens implements LogitsProcessor {
  private readonly tokens: ReadonlySet<number>;

  constructor(tokens: readonly number[], endToken: number) {
    this.tokens = new Set([...tokens, endToken]);
  }

  ban(_prefix: Int32Array, banned: BannedTokens): void {
    banned.addAllBut((token) => this.tokens.has(token));
  }
}

/** Nothing but what each sentence's grammar lets follow. */
class Grammars implements LogitsProcessor {
  constructor(
    private readonly grammars: readonly (OutputGrammar | undefined)[],
    private readonly maxLengths: Int32Array,
  ) {}

  ban(prefix: Int32Array, banned: BannedTokens, sentence: number): void {
    const grammar = this.grammars[sentence];
    if (!grammar) return;
    const allowed = new Set(grammar.following(prefix, this.maxLengths[sentence]! - prefix.length));
    banned.addAllBut((token) => allowed.has(token));
  }
}

/** No n-gram twice in one output (Paulus et al. 2018, "A deep reinforced model for abstractive summarization"). */
export class NoRepeatNgram implements LogitsProcessor {
  constructor(private readonly size: number) {}

  ban(prefix: Int32Array, banned: BannedTokens): void {
    const context = this.size - 1;
    const suffix = prefix.length - context;
    // Wherever the last n-1 tokens occurred before, what followed them then must not follow now.
    for (let start = 0; start < suffix; start++) {
      let i = 0;
      while (i < context && prefix[start + i] === prefix[suffix + i]) i++;
      if (i === context) banned.add(prefix[start + context]!);
    }
  }
}

/** The forbidden tokens of every row for one step: filled row by row before the step, read row by row after it. */
export class BannedTokens {
  /** Most tokens forbidden in one row. */
  largest = 0;
  private tokens = new Int32Array(64);
  private used = 0;
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  /** `stamps[token] === stamp` says that `token` is forbidden in the row being filled or read. */
  private readonly stamps: Int32Array;
  private stamp = 0;
  private row = 0;

  constructor(rows: number, vocabularySize: number) {
    this.starts = new Int32Array(rows);
    this.ends = new Int32Array(rows);
    this.stamps = new Int32Array(vocabularySize);
  }

  /** Forgets all rows. */
  clear(): void {
    this.used = 0;
    this.largest = 0;
    this.starts.fill(0);
    this.ends.fill(0);
  }

  /** The calls of {@link add} that follow are for this row; a row is begun at most once a step. */
  begin(row: number): void {
    this.row = row;
    this.stamp++;
    this.starts[row] = this.used;
    this.ends[row] = this.used;
  }

  /** Forbids a token; forbidding it twice is the same as once. */
  add(token: number): void {
    if (this.stamps[token] === this.stamp) return;
    this.stamps[token] = this.stamp;
    if (this.used === this.tokens.length) {
      const larger = new Int32Array(this.used * 2);
      larger.set(this.tokens);
      this.tokens = larger;
    }
    this.tokens[this.used++] = token;
    this.ends[this.row] = this.used;
    this.largest = Math.max(this.largest, this.used - this.starts[this.row]!);
  }

  /** Forbids all tokens but some. */
  addAllBut(isAllowed: (token: number) => boolean): void {
    for (let token = 0; token < this.stamps.length; token++) if (!isAllowed(token)) this.add(token);
  }

  /** The calls of {@link has} that follow are about this row. */
  select(row: number): void {
    this.stamp++;
    for (let i = this.starts[row]!; i < this.ends[row]!; i++) this.stamps[this.tokens[i]!] = this.stamp;
  }

  /** Whether the token is forbidden in the selected row. */
  has(token: number): boolean {
    return this.stamps[token] === this.stamp;
  }
}
