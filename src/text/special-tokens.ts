// The four special tokens every vocabulary begins with, and their fixed ids.

/** Id of `<pad>`: fills the unused places of a batch. */
export const PAD = 0;
/** Id of `<s>`: begins a sequence. */
export const BOS = 1;
/** Id of `</s>`: ends a sequence. */
export const EOS = 2;
/** Id of `<unk>`: stands for what the vocabulary lacks. */
export const UNK = 3;

/** The special tokens' text, by id. */
export const SPECIAL_TOKENS: readonly string[] = ['<pad>', '<s>', '</s>', '<unk>'];
