// A tokenizer for BLEU from a SentencePiece model: what sacreBLEU calls `spm`, with the models of FLORES `flores101` and so on.
import { checkTokenizerName, type NamedTokenizer } from '../tokenizers.js';
import { splitWhitespace } from '../whitespace.js';
import { bpeEncoder } from './bpe.js';
import { PieceType, readModel } from './model.js';
import { Normalizer } from './normalizer.js';
import { Trie } from './trie.js';
import { unigramEncoder } from './unigram.js';
import { encodeUTF8 } from './utf8.js';

const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/**
 * Splits lines into the pieces of a SentencePiece model (Kudo and Richardson, EMNLP 2018), as SentencePiece itself does.
 *
 * @param model the bytes of a `.model` file, of type unigram or BPE.
 * @returns a function from a line to its pieces.
 * @throws RangeError when the bytes are not such a model.
 */
export function sentencePieceEncoder(model: Uint8Array): (line: string) => string[] {
  const parsed = readModel(model);
  const userDefined = new Trie(
    parsed.pieces.flatMap(({ text, type }, id) => (type === PieceType.userDefined ? [[text, id] as const] : [])),
  );
  const normalizer = new Normalizer(parsed.normalizer, parsed.spaceAsSuffix, userDefined);
  const encode = parsed.type === 'unigram' ? unigramEncoder(parsed) : bpeEncoder(parsed, userDefined);
  return (line) => {
    const pieces: string[] = [];
    let afterUnknown = false;
    for (const { text, known } of encode(normalizer.normalize(line))) {
      if (known) pieces.push(text);
      else if (parsed.byteFallback) pieces.push(...encodeUTF8(text).map(byteName));
      // A run of unknown characters is one piece.
      else if (afterUnknown) pieces[pieces.length - 1] += text;
      else pieces.push(text);
      afterUnknown = !known;
    }
    return pieces;
  };
}

/**
 * A tokenizer for {@link BLEUOptions.tokenize} from a SentencePiece model, such as those of FLORES-101 and FLORES-200 (Goyal
 * et al., TACL 2022; NLLB Team 2022). The models are not part of this package.
 *
 * @param model the bytes of a `.model` file, of type unigram or BPE.
 * @param name what signatures say: `tok:flores200` for sacreBLEU's model of that name.
 * @throws RangeError when the bytes are not such a model, or for a name that signatures could not carry or that belongs to
 *   a built-in tokenizer.
 * @example
 * const model = await readFile('flores200.model');
 * const bleu = new BLEU({ tokenize: sentencePieceTokenizer(model, 'flores200') });
 */
export function sentencePieceTokenizer(model: Uint8Array, name: string): NamedTokenizer {
  checkTokenizerName(name);
  const encode = sentencePieceEncoder(model);
  // sacreBLEU joins the pieces and splits the line again: unknown pieces can contain white space.
  return { name, tokenize: (line) => splitWhitespace(encode(line).join(' ')) };
}
