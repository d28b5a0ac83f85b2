// Slot error rate of generated texts, as RNNLG counts it: node slot-error-rate.mjs ACTS_JSONL OUTPUTS [--verbose]   (see README.md)
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { delexicalise, featuresOf, placeholder, strayValues } from './acts.mjs';
import { fail } from './archive.mjs';

/** The acts that are not counted: their binary slots come as both yes and no. */
const SKIPPED = ['?select', 'suggest'];

function readArguments() {
  try {
    return parseArgs({ options: { verbose: { type: 'boolean', default: false } }, allowPositionals: true });
  } catch (error) {
    return fail(error.message, 2);
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return fail(`${path}: expected a readable file, but ${error.code}; correct the path`, 66);
  }
}

/** Lines without the end of the last one; an empty output is a line too. */
const readLines = (path) => readText(path).replace(/\n$/, '').split('\n');

function parseJson(text, where) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`${where}: expected JSON as prepare.mjs writes it, but ${error.message}`);
  }
}

const count = (items, wanted) => items.filter((item) => wanted.includes(item)).length;

/** How often each slot should be and is mentioned: `[slot, kind, expected, found]`, kinds `categorical` and `binary`. */
function mentions(act, text, slots) {
  const words = delexicalise(text, act).split(/\s+/);
  const features = featuresOf(act).filter((feature) => slots.features.includes(feature));
  const expected = (slot, values) =>
    count(
      features,
      values.map((value) => `${slot}.${value}`),
    );
  return [
    ...slots.categorical.map((slot) => [
      slot,
      'categorical',
      expected(slot, ['_1', '_2', '_3']),
      count(words, [placeholder(slot)]),
    ]),
    ...Object.entries(slots.binary).map(([slot, keywords]) => [
      slot,
      'binary',
      expected(slot, ['yes', 'no', 'dontcare', 'none']),
      count(words, keywords),
    ]),
  ];
}

const { values: options, positionals } = readArguments();
const [actsPath, outputsPath, ...rest] = positionals;
if (outputsPath === undefined || rest.length > 0) fail('expected ACTS_JSONL OUTPUTS [--verbose]', 2);
const outputs = readLines(outputsPath);
const acts = readLines(actsPath).map((line, i) => parseJson(line, `${actsPath}:${i + 1}`));
if (acts.length !== outputs.length) {
  fail(
    `expected an output for each act, found ${acts.length} acts in ${actsPath}, ${outputs.length} in ${outputsPath}`,
  );
}
const slotsPath = join(dirname(actsPath), 'slots.json');
const slots = parseJson(readText(slotsPath), slotsPath);

const total = { slots: 0, categorical: { missing: 0, redundant: 0 }, binary: { missing: 0, redundant: 0 }, stray: 0 };
const faults = [];
for (const [i, act] of acts.entries()) {
  if (SKIPPED.includes(act.act)) continue;
  const fault = { missing: [], redundant: [], stray: [] };
  for (const [slot, kind, expected, found] of mentions(act, outputs[i], slots)) {
    total.slots += expected;
    if (expected === found) continue;
    const side = expected > found ? 'missing' : 'redundant';
    total[kind][side] += Math.abs(expected - found);
    fault[side].push(slot);
  }
  fault.stray = strayValues(act, outputs[i], slots.values);
  total.stray += fault.stray.length;
  if (Object.values(fault).some((found) => found.length > 0)) {
    faults.push({ line: i + 1, act: act.act, slots: act.slots, output: outputs[i], ...fault });
  }
}
const { categorical, binary, stray } = total;
const missing = categorical.missing + binary.missing;
const redundant = categorical.redundant + binary.redundant;
const rate = (errors) => (total.slots === 0 ? 0 : errors / total.slots);
const report = {
  slots: total.slots,
  missing,
  redundant,
  errorRate: rate(missing + redundant),
  categorical,
  binary,
  strayValues: stray,
  errorRateWithStrayValues: rate(missing + redundant + stray),
};
console.log(JSON.stringify(options.verbose ? { ...report, faults } : report, null, 2));
