// The scripts that prepare RNNLG and count slot errors, run on a small corpus of the same form.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';

const scripts = fileURLToPath(new URL('../../reference/rnnlg', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 's2s-rnnlg-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(scripts, script), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const lines = (path: string): string[] => {
  const text = readFileSync(join(folder, path), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
};

type Item = readonly [act: string, human: string, baseline: string];
const SPLITS: Readonly<Record<string, readonly Item[]>> = {
  train: [
    [
      "inform(name='the oak';area='mill hill or old town')",
      'The oak is in old town and mill hill .',
      'the oak is there',
    ],
    ["inform(name='so';phone='1234567890')", 'so , the number of so is 1234567890', 'so 1234567890'],
    ['?request(food)', 'what would you like to eat?', 'what food'],
  ],
  valid: [['goodbye()', 'Thank you, goodbye', 'goodbye']],
  test: [
    ["inform(name=finch;food='thai')", "Finch's restaurants serve thai food !", 'finch is a thai place'],
    ["inform(food='greek';name='oyster bar')", 'try oyster bar , they do greek', 'oyster bar is a greek place'],
    ["inform(name='oyster bar';food='greek')", "it's oyster bar, 2.5 st", 'oyster bar greek'],
    ["inform_count(count='2';kids_allowed='false';food=dont_care)", '2 places allow no kids', '2 do not'],
    ["?select(kidsallowed='yes';kidsallowed='no')", 'kids or no kids', 'kid'],
    ['goodbye()', 'goodbye', 'goodbye'],
  ],
};
const FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(SPLITS).map(([split, items]) => [
      `data/original/restaurant/${split}.json`,
      `${'# comment\n'.repeat(5)}${JSON.stringify(items)}\n`,
    ]),
  ),
  'resource/special_values.txt': JSON.stringify({
    none: ['none'],
    yes: ['true', 'yes'],
    no: ['false', 'no'],
    dontcare: ['dontcare', 'dont_care'],
  }),
  'resource/detect.pair': JSON.stringify({
    general: { name: 'SLOT_NAME', food: 'SLOT_FOOD', area: 'SLOT_AREA', phone: 'SLOT_PHONE', count: 'SLOT_COUNT' },
    binary: { kidsallowed: ['child', 'kid'] },
  }),
  'resource/feat_template.txt': [
    'a.inform',
    ...[
      'name._1',
      'food._1',
      'food.dontcare',
      'area._1',
      'phone._1',
      'count._1',
      'kidsallowed.no',
      'kidsallowed.yes',
    ].map((feature) => `sv.${feature}`),
    's.name\n',
  ].join('\n'),
};

/** A tar archive of files, as `tar --format=ustar` writes one. */
function tar(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    const body = Buffer.from(text);
    header.write(`./${name}`, 0);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('0ustar\0', 156);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

beforeAll(() => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(folder, 'corpus', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'corpus', path), text);
  }
});

/** Slot errors of outputs for the test acts; those not given are the human texts. */
function errors(outputs: Readonly<Record<number, string>>) {
  const texts = lines('out/test.tgt').map((text, i) => outputs[i] ?? text);
  writeFileSync(join(folder, 'outputs.txt'), `${texts.join('\n')}\n`);
  const { status, stdout, stderr } = run('slot-error-rate.mjs', 'out/test.acts.jsonl', 'outputs.txt', '--verbose');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

test('acts become words, texts are spelled as the upstream spells them', () => {
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'out/test.ref9'), 'of an earlier run\n');
  const { status, stdout } = run('prepare.mjs', 'corpus', 'restaurant', 'out');
  expect(status).toBe(0);
  expect(existsSync(join(folder, 'out/test.ref9'))).toBe(false);
  expect(lines('out/train.src')).toEqual([
    'inform area mill hill or old town ; name the oak',
    'inform name so ; phone 1234567890',
    '?request food ?',
  ]);
  expect(lines('out/train.tgt')).toEqual([
    'the oak is in old town and mill hill',
    'so , the number of so is 1234567890',
    'what would you like to eat ?',
  ]);
  expect(lines('out/valid.src')).toEqual(['goodbye']);
  expect(lines('out/valid.tgt')).toEqual(['thank you , goodbye']);
  expect(lines('out/test.src')).toEqual([
    'inform food thai ; name finch',
    'inform food greek ; name oyster bar',
    'inform food greek ; name oyster bar',
    'inform_count count 2 ; food dontcare ; kidsallowed no',
    '?select kidsallowed yes ; kidsallowed no',
    'goodbye',
  ]);
  expect(lines('out/test.tgt')).toEqual([
    "finch 's restaurant -s serve thai food",
    'try oyster bar , they do greek',
    'it is oyster bar , 2.5 street',
    '2 place -s allow no kid -s',
    'kid -s or no kid -s',
    'goodbye',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    items: { train: 3, valid: 1, test: 6 },
    distinctActs: { train: 3, valid: 1, test: 5 },
    groupsOfTestActs: 4,
    longestSource: 11,
    longestTarget: 9,
    // finch thai food · oyster bar greek · oyster bar · 2 no · no · goodbye
    testTargetWords: { ofThoseInTheirSource: 12, testLinesWithOne: 6 },
  });
});

test('acts with the same features share references, each with the values of its own', () => {
  expect(lines('out/test.ref0').slice(0, 4)).toEqual([
    "finch 's restaurant -s serve thai food",
    "oyster bar 's restaurant -s serve greek food",
    "oyster bar 's restaurant -s serve greek food",
    '2 place -s allow no kid -s',
  ]);
  expect(lines('out/test.ref1').slice(0, 4)).toEqual([
    'try finch , they do thai',
    'try oyster bar , they do greek',
    'try oyster bar , they do greek',
    '2 place -s allow no kid -s',
  ]);
  expect(lines('out/test.ref2')[0]).toBe('it is finch , 2.5 street');
  expect(existsSync(join(folder, 'out/test.ref3'))).toBe(false);
  expect(lines('out/test.baseline').slice(0, 2)).toEqual(['finch is a thai place', 'oyster bar is a greek place']);
  expect(lines('out/test-grouped.src')).toEqual(lines('out/test.src').filter((_, i) => i !== 2));
  expect(lines('out/test-grouped.ref2')).toEqual(lines('out/test.ref2').filter((_, i) => i !== 2));
  expect(lines('out/test-grouped.acts.jsonl')[1]).toBe(
    '{"act":"inform","slots":[["food","greek"],["name","oyster bar"]]}',
  );
});

test('a .tar.gz gives the same files as a folder', () => {
  writeFileSync(join(folder, 'corpus.tar.gz'), gzipSync(tar(FILES)));
  const packed = run('prepare.mjs', 'corpus.tar.gz', 'restaurant', 'out-tar');
  expect(packed).toEqual(run('prepare.mjs', 'corpus', 'restaurant', 'out'));
  for (const name of ['train.src', 'test.tgt', 'test.ref2', 'test-grouped.acts.jsonl', 'slots.json']) {
    expect(lines(`out-tar/${name}`)).toEqual(lines(`out/${name}`));
  }
});

test('slot errors are values left out, values named twice and keywords of binary slots', () => {
  // name and food of three acts, the count and kidsallowed of the fourth; ?select does not count.
  const human = errors({});
  expect(human).toMatchObject({ slots: 8, missing: 1, redundant: 0, errorRate: 1 / 8, strayValues: 0 });
  expect(human.faults).toHaveLength(1);
  expect(human.faults[0]).toMatchObject({ line: 3, act: 'inform', missing: ['food'], redundant: [] });

  const fine = { 2: 'oyster bar has greek food' };
  expect(errors(fine)).toMatchObject({ missing: 0, redundant: 0, errorRate: 0, faults: [] });
  // Inside another word a value does not count.
  expect(errors({ ...fine, 0: 'finches serve thai food' })).toMatchObject({ missing: 1, redundant: 0 });
  expect(errors({ ...fine, 3: '2 place -s' })).toMatchObject({ missing: 1, binary: { missing: 1, redundant: 0 } });
  expect(errors({ ...fine, 5: 'goodbye , my child' })).toMatchObject({
    redundant: 1,
    binary: { missing: 0, redundant: 1 },
    faults: [{ line: 6, redundant: ['kidsallowed'] }],
  });
  // Another act's values, and a value named twice, are what the upstream does not see in plain text.
  expect(errors({ ...fine, 0: 'finch is thai , not greek , thai' })).toMatchObject({
    errorRate: 0,
    strayValues: 2,
    errorRateWithStrayValues: 2 / 8,
    faults: [{ line: 1, stray: ['greek', 'thai'] }],
  });
  // `so` is a name, but as often no name in training.
  expect(errors({ ...fine, 0: 'so finch is thai' }).strayValues).toBe(0);
  const empty = errors({ 0: '', 1: '', 2: '', 3: '', 4: '', 5: '' });
  expect(empty).toMatchObject({ slots: 8, missing: 8, redundant: 0, errorRate: 1, strayValues: 0 });
});

test('parts of a value may be in any order', () => {
  writeFileSync(join(folder, 'out/one.acts.jsonl'), '{"act":"inform","slots":[["area","mill hill or old town"]]}\n');
  writeFileSync(join(folder, 'one.txt'), 'it is in old town and mill hill\n');
  const { stdout } = run('slot-error-rate.mjs', 'out/one.acts.jsonl', 'one.txt');
  expect(JSON.parse(stdout)).toMatchObject({ slots: 1, errorRate: 0, errorRateWithStrayValues: 0 });
});

test('what cannot be done is said in one line', () => {
  const said = (result: ReturnType<typeof run>) => ({ status: result.status, said: result.stderr.trim() });
  expect(said(run('prepare.mjs', 'corpus', 'restaurant'))).toEqual({
    status: 2,
    said: 'prepare.mjs: expected three arguments: FOLDER_OR_TAR_GZ DOMAIN OUT_DIR',
  });
  expect(said(run('prepare.mjs', 'corpus', 'bar', 'o')).said).toContain('restaurant, hotel, laptop, tv, found bar');
  expect(said(run('prepare.mjs', 'nowhere', 'hotel', 'o'))).toMatchObject({ status: 66 });
  expect(said(run('prepare.mjs', 'corpus', 'hotel', 'o')).said).toContain('data/original/hotel/train.json');
  expect(said(run('prepare.mjs', 'corpus.tar.gz', 'hotel', 'o')).said).toContain('data/original/hotel/train.json');
  expect(said(run('prepare.mjs', 'outputs.txt', 'hotel', 'o')).said).toContain(
    'expected a gzip-compressed tar archive',
  );
  expect(said(run('slot-error-rate.mjs', 'out/test.acts.jsonl'))).toMatchObject({ status: 2 });
  expect(said(run('slot-error-rate.mjs', 'out/test.acts.jsonl', 'none.txt'))).toMatchObject({ status: 66 });
  expect(said(run('slot-error-rate.mjs', 'out/test.acts.jsonl', 'one.txt'))).toEqual({
    status: 65,
    said: 'slot-error-rate.mjs: expected an output for each act, found 6 acts in out/test.acts.jsonl, 1 in one.txt',
  });
  expect(said(run('slot-error-rate.mjs', 'out/test.acts.jsonl', 'one.txt', '--loud'))).toMatchObject({ status: 2 });
});
