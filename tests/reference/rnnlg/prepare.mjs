// Writes a domain of RNNLG as parallel text: node prepare.mjs FOLDER_OR_TAR_GZ DOMAIN OUT_DIR   (what is written: README.md)
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delexicalise, groupOf, isSpecial, linearise, parseAct, relexicalise, strayValues } from './acts.mjs';
import { fail, openData } from './archive.mjs';
import { normalize } from './normalize.mjs';

const DOMAINS = ['restaurant', 'hotel', 'laptop', 'tv'];

const [from, domain, out, ...rest] = process.argv.slice(2);
if (out === undefined || rest.length > 0) fail('expected three arguments: FOLDER_OR_TAR_GZ DOMAIN OUT_DIR', 2);
if (!DOMAINS.includes(domain)) fail(`expected one of the domains ${DOMAINS.join(', ')}, found ${domain}`, 2);
const read = openData(from);

/** A file of JSON below `#` comments. */
function readJson(path) {
  try {
    return JSON.parse(read(path).replace(/^(#.*\n)*/, ''));
  } catch (error) {
    return fail(`${path}: expected JSON below comment lines, but ${error.message}`);
  }
}

const specials = readJson('resource/special_values.txt');

/** A split's items: the act, the human text and the upstream's text made by hand-written rules. */
function readSplit(split) {
  const path = `data/original/${domain}/${split}.json`;
  return readJson(path).map((item, i) => {
    const [written, human, baseline] = item;
    if ([written, human, baseline].some((text) => typeof text !== 'string')) {
      fail(`${path}: item ${i + 1}: expected [act, text, baseline text], found ${JSON.stringify(item)}`);
    }
    const act = parseAct(written, specials);
    if (act === undefined) fail(`${path}: item ${i + 1}: expected an act such as inform(name=x), found ${written}`);
    return { act, source: linearise(act), target: normalize(human), baseline: normalize(baseline) };
  });
}

const splits = { train: readSplit('train'), valid: readSplit('valid'), test: readSplit('test') };
const { train, valid, test } = splits;

/** The texts of all items of a split whose acts have the same features, without their values, by those features. */
function gather(items, textOf) {
  const groups = new Map();
  for (const item of items) {
    const key = groupOf(item.act);
    if (!groups.has(key)) groups.set(key, new Set());
    groups.get(key).add(delexicalise(textOf(item), item.act));
  }
  return groups;
}

const shared = { reference: gather(test, (item) => item.target), baseline: gather(test, (item) => item.baseline) };
/** The texts of an act's group with the values of this act. */
const textsOf = (kind, { act }) => [
  ...new Set([...shared[kind].get(groupOf(act))].map((text) => relexicalise(text, act, domain))),
];

mkdirSync(out, { recursive: true });
// References of an earlier run with more of them would be taken for some of these.
for (const name of readdirSync(out)) if (/^test(-grouped)?\.ref\d+$/.test(name)) rmSync(join(out, name));
const writeLines = (name, lines) => writeFileSync(join(out, name), lines.map((line) => `${line}\n`).join(''));

/** Writes the references, acts and baselines of items under a name of their own; the shorter lists of references are filled up. */
function writeTest(name, items) {
  const references = items.map((item) => textsOf('reference', item));
  const most = Math.max(...references.map((each) => each.length));
  const digits = String(most - 1).length;
  for (let i = 0; i < most; i++) {
    const number = String(i).padStart(digits, '0');
    writeLines(
      `${name}.ref${number}`,
      references.map((each) => each[i] ?? each[0]),
    );
  }
  writeLines(
    `${name}.acts.jsonl`,
    items.map(({ act }) => JSON.stringify(act)),
  );
  writeLines(
    `${name}.baseline`,
    items.map((item) => textsOf('baseline', item)[0]),
  );
  const counts = references.map((each) => each.length).sort((a, b) => a - b);
  return {
    items: items.length,
    referenceFiles: most,
    referencesPerItem: {
      mean: Number((counts.reduce((sum, count) => sum + count, 0) / counts.length).toFixed(2)),
      median: counts[counts.length >> 1],
      single: counts.filter((count) => count === 1).length,
    },
  };
}

for (const [split, items] of Object.entries(splits)) {
  writeLines(
    `${split}.src`,
    items.map((item) => item.source),
  );
  writeLines(
    `${split}.tgt`,
    items.map((item) => item.target),
  );
}
const distinct = (items) => [...new Map(items.toReversed().map((item) => [item.source, item])).values()].reverse();
const reports = { test: writeTest('test', test), 'test-grouped': writeTest('test-grouped', distinct(test)) };
writeLines(
  'test-grouped.src',
  distinct(test).map((item) => item.source),
);

/**
 * The values of the categorical slots, longest first, without those that are ordinary words as well (`range` is a restaurant): what
 * human texts of the training split name where it is no value more than a tenth as often as where it is one.
 */
function tellingValues(categorical) {
  const named = new Map();
  const stray = new Map();
  const add = (counts, value, more) => counts.set(value, (counts.get(value) ?? 0) + more);
  for (const { act } of [...train, ...valid, ...test]) {
    for (const [slot, value] of act.slots) if (categorical.includes(slot) && !isSpecial(value)) add(named, value, 0);
  }
  const all = [...named.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  for (const { act, target } of train) {
    for (const [, value] of act.slots) if (named.has(value)) add(named, value, 1);
    for (const value of strayValues(act, target, all)) add(stray, value, 1);
  }
  return all.filter((value) => 10 * (stray.get(value) ?? 0) <= named.get(value));
}

const { general, binary } = readJson('resource/detect.pair');
const features = read('resource/feat_template.txt').split('\n');
const categorical = Object.keys(general);
const slots = {
  categorical,
  binary,
  features: features.filter((line) => line.startsWith('sv.')).map((line) => line.slice('sv.'.length)),
  values: tellingValues(categorical),
};
writeFileSync(join(out, 'slots.json'), `${JSON.stringify(slots, null, 1)}\n`);

const wordsOf = (text) => text.split(' ');
const known = new Set(train.flatMap((item) => wordsOf(item.target)));
const unseen = test.flatMap(({ source, target }) =>
  wordsOf(target)
    .filter((word) => !known.has(word))
    .map((word) => [word, wordsOf(source).includes(word)]),
);
const longest = (key) =>
  Math.max(
    ...Object.values(splits)
      .flat()
      .map((item) => wordsOf(item[key]).length),
  );
const summary = {
  domain,
  items: Object.fromEntries(Object.entries(splits).map(([split, items]) => [split, items.length])),
  distinctActs: Object.fromEntries(Object.entries(splits).map(([split, items]) => [split, distinct(items).length])),
  groupsOfTestActs: shared.reference.size,
  references: reports,
  longestSource: longest('source'),
  longestTarget: longest('target'),
  trainingWords: { source: new Set(train.flatMap((item) => wordsOf(item.source))).size, target: known.size },
  testTargetWords: {
    all: test.reduce((sum, item) => sum + wordsOf(item.target).length, 0),
    neverInTrainingTargets: unseen.length,
    ofThoseInTheirSource: unseen.filter(([, copyable]) => copyable).length,
    testLinesWithOne: test.filter((item) => wordsOf(item.target).some((word) => !known.has(word))).length,
  },
};
console.log(JSON.stringify(summary, null, 2));
