// Corpora in folders: Kaldi, Sphinx, LibriSpeech, and audio beside transcripts.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaint, folderWith, read, readIn, refusal } from './support.js';

describe('kaldi', () => {
  const kaldi = { manifest: 'data/train' };
  const at = (files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`data/train/${name}`, text]));

  test('reads recordings, texts and speakers in the order of wav.scp, which need not be sorted', async () => {
    const files = at({
      'wav.scp': 'u2  a b/2.wav \nu1\t1.wav\n',
      text: 'u1 ein  wort\u3000\nu2\n',
      utt2spk: 'u1 s1\nu2 s2\n',
    });
    expect(await read(files, kaldi)).toEqual({
      rows: [
        {
          audio: { path: 'data/train/a b/2.wav' },
          id: 'u2',
          text: '',
          speaker: 's2',
          origin: 'data/train/wav.scp:1',
        },
        {
          audio: { path: 'data/train/1.wav' },
          id: 'u1',
          text: 'ein  wort\u3000',
          speaker: 's1',
          origin: 'data/train/wav.scp:2',
        },
      ],
      warnings: [],
    });
  });

  test('reads segments; the end −1 is that of the recording', async () => {
    const files = at({
      'wav.scp': 'r1 1.wav\nr2 2.wav\n',
      segments: 'u1 r1 0.00 1.50\nu2 r1 1.5 -1\nu3 r2 3 4\n',
      text: 'u1 a\nu2 b\nu3 c\n',
    });
    const { rows } = await read(files, { manifest: 'data/train/wav.scp', audioDir: 'x' });
    expect(rows.map(({ id, audio, text, origin }) => [id, audio, text, origin])).toEqual([
      ['u1', { path: 'x/1.wav', start: 0, end: 1.5 }, 'a', 'data/train/segments:1'],
      ['u2', { path: 'x/1.wav', start: 1.5 }, 'b', 'data/train/segments:2'],
      ['u3', { path: 'x/2.wav', start: 3, end: 4 }, 'c', 'data/train/segments:3'],
    ]);
  });

  test('counts utterances without text and texts without utterance', async () => {
    const files = at({
      'wav.scp': 'a a.wav\nb b.wav\nc c.wav\n',
      text: 'b x\nd y\ne z\n',
      utt2spk: 'a s\nb s\nc s\n',
    });
    const { rows, warnings } = await read(files, kaldi);
    expect(rows.map(({ text }) => text)).toEqual([undefined, 'x', undefined]);
    expect(warnings).toEqual([
      '2 of 3 utterances have no line in data/train/text: a, c',
      '2 of 3 lines in data/train/text are of no utterance and are not used: d (data/train/text:2), e (data/train/text:3)',
    ]);
  });

  test('needs no text', async () => {
    expect(await read(at({ 'wav.scp': 'a a.wav\n' }), kaldi)).toEqual({
      rows: [{ audio: { path: 'data/train/a.wav' }, id: 'a', origin: 'data/train/wav.scp:1' }],
      warnings: [],
    });
  });

  const scp = { 'wav.scp': 'a a.wav\nb b.wav\n' };
  test.each([
    [
      { 'wav.scp': 'a a.wav\nb sox x.mp3 -t wav - |\n' },
      'wav.scp:2: expected the path of an audio file, found a command (sox',
    ],
    [{ 'wav.scp': 'a cat b.wav|\n' }, 'wav.scp:1: expected the path of an audio file, found a command (cat b.wav|)'],
    [{ 'wav.scp': 'a | cat b.wav\n' }, 'wav.scp:1: expected the path of an audio file, found a command (| cat b.wav)'],
    [{ 'wav.scp': 'a x.ark:17\n' }, 'wav.scp:1: expected the path of an audio file, found a place in an archive'],
    [{ 'wav.scp': 'a\n' }, 'wav.scp:1: expected the path of an audio file, found none'],
    [{ 'wav.scp': 'a -\n' }, 'wav.scp:1: expected the path of an audio file, found -'],
    [{ 'wav.scp': 'a x\na y\n' }, 'wav.scp:2: expected each id once, found a again (data/train/wav.scp:1)'],
    [{ 'wav.scp': 'a x\n\nb y\n' }, 'wav.scp:2: expected an utterance, found a blank line'],
    [{ ...scp, text: 'a x\nb y\na z\n' }, 'text:3: expected each id once, found a again (data/train/text:1)'],
    [
      { ...scp, text: 'x x\ny y\n' },
      'text: expected lines of the utterances of this folder (a, …), found only others (x',
    ],
    [{ ...scp, text: '' }, 'text: expected lines of the utterances of this folder (a, …), found only others (none)'],
    [{ ...scp, segments: 'u c 0 1\n' }, 'segments:1: expected a recording of data/train/wav.scp, found c'],
    [
      { ...scp, segments: 'u a 0\n' },
      'segments:1: expected an utterance, a recording, a start and an end, found 3 fields',
    ],
    [{ ...scp, segments: 'u a 0 1 2\n' }, 'found 5 fields; a channel is chosen by `channel`'],
    [{ ...scp, segments: 'u a 1 1\n' }, 'segments:1: expected an end after the start (1 s), found 1 s'],
    [{ ...scp, segments: 'u a x 1\n' }, 'segments:1: expected a start in seconds, found "x"'],
    [{ ...scp, segments: 'u a 0 -2\n' }, 'segments:1: expected an end of at least 0 s, found -2'],
  ])('refuses %j', async (files, message) => {
    const found = await complaint(at(files), kaldi);
    expect(found).toContain(message);
  });

  test('says that wav.scp is not there', async () => {
    const { message, exitCode } = await refusal(at({ text: 'a b\n' }), { ...kaldi, format: 'kaldi' });
    expect([message, exitCode]).toEqual([expect.stringContaining('data/train/wav.scp: there is no such file'), 66]);
  });
});

describe('sphinx', () => {
  const files = {
    'etc/t.fileids': 'an4/fash/an251\nan4/fbbh/an86\nan9\n',
    'etc/t.transcription': '<s> YES </s> (an251)\nGO ++UM++ TWO(2) (an4/fbbh/an86)\n<s>  </s> (an9)\n',
  };

  test.each(['etc/t.fileids', 'etc/t.transcription'])('reads the pair of %s', async (manifest) => {
    const { rows } = await read(files, { manifest, audioDir: 'wav' });
    expect(rows).toEqual([
      {
        audio: { path: 'wav/an4/fash/an251.raw' },
        id: 'an251',
        text: 'YES',
        speaker: 'fash',
        origin: 'etc/t.transcription:1',
      },
      {
        audio: { path: 'wav/an4/fbbh/an86.raw' },
        id: 'an86',
        text: 'GO ++UM++ TWO(2)',
        speaker: 'fbbh',
        origin: 'etc/t.transcription:2',
      },
      { audio: { path: 'wav/an9.raw' }, id: 'an9', text: '', origin: 'etc/t.transcription:3' },
    ]);
  });

  test('audio may be of another kind, and beside the lists', async () => {
    const { rows } = await read(files, { manifest: 'etc/t.fileids', extension: 'sph' });
    expect(rows[2]?.audio.path).toBe('etc/an9.sph');
  });

  test.each([
    ['a\nb\n', 'X (a)\n', 't.transcription: expected as many lines as t.fileids has (2), found 1'],
    ['a\n', 'X (a)\nY (b)\n', 't.transcription:2: expected as many lines as t.fileids has (1), found more'],
    [
      'a\nb\n',
      'X (b)\nY (a)\n',
      't.transcription:1: expected the transcript of a, as on line 1 of t.fileids, found that of b',
    ],
    ['a\n', 'X a\n', 't.transcription:1: expected a transcript and an id (`WORDS (id)`), found "X a"'],
    ['a\n\nb\n', 'X (a)\nY (b)\n', 't.fileids:2: expected an utterance, found a blank line'],
  ])('refuses %j with %j', async (ids, texts, message) => {
    const pair = { 't.fileids': ids, 't.transcription': texts };
    expect(await complaint(pair, { manifest: 't.fileids' })).toContain(message);
  });

  test('both files must be there', async () => {
    const { message, exitCode } = await refusal({ 't.fileids': 'a\n' }, { manifest: 't.fileids' });
    expect([message, exitCode]).toEqual([expect.stringContaining('t.transcription: there is no such file'), 66]);
  });
});

describe('librispeech', () => {
  const files = {
    'dev/README.TXT': 'x',
    'dev/84/121/84-121.trans.txt': '84-121-0000 GO ON\n84-121-0001 STAY\n84-121-0002\n',
    'dev/84/121/84-121-0000.flac': '',
    'dev/84/121/84-121-0001.wav': '',
    'dev/19/9/19-9.trans.txt': '19-9-0000 A\n',
    'dev/19/9/19-9-0000.flac': '',
    'dev/19/9/19-9-0001.flac': '',
  };

  test('is known by its transcripts, wherever the tree begins', async () => {
    const { rows, warnings } = await read(files, { manifest: '.' });
    expect(rows).toEqual([
      {
        audio: { path: 'dev/19/9/19-9-0000.flac' },
        id: '19-9-0000',
        text: 'A',
        speaker: '19',
        origin: 'dev/19/9/19-9.trans.txt:1',
      },
      ...[
        ['0000', 'flac', 'GO ON'],
        ['0001', 'wav', 'STAY'],
        // There is no such file, which is for whoever reads the audio to say.
        ['0002', 'flac', ''],
      ].map(([number, extension, text], i) => ({
        audio: { path: `dev/84/121/84-121-${number}.${extension}` },
        id: `84-121-${number}`,
        text,
        speaker: '84',
        origin: `dev/84/121/84-121.trans.txt:${i + 1}`,
      })),
    ]);
    expect(warnings).toEqual(['1 audio files have no transcript and are not used: dev/19/9/19-9-0001.flac']);
    expect((await read(files, { manifest: 'dev/84' })).rows.length).toBe(3);
  });

  test('the kind of audio can be chosen', async () => {
    const { rows } = await read(files, { manifest: 'dev/84', extension: '.wav' });
    expect(rows.map(({ audio }) => audio.path.slice(-8))).toEqual(['0000.wav', '0001.wav', '0002.wav']);
  });

  test('a folder without transcripts is none', async () => {
    const { message, exitCode } = await refusal({ 'x/a.flac': '' }, { manifest: '.', format: 'librispeech' });
    expect(message).toContain('.: expected `speaker-chapter.trans.txt` files below this folder, found none');
    expect(exitCode).toBe(66);
  });
});

describe('folder', () => {
  test('pairs audio with texts, in the order of code points', async () => {
    const files = {
      'b.wav': '',
      'b.txt': '\ufefftwo\r\n\r\n lines \n',
      'a/x.MP3': '',
      'a/x.lab': 'lab\n',
      'a/x.txt': 'txt',
      'a-/y.raw': '',
      'a-/y.lab': '',
      'B.ogg': '',
      '\uff5e.flac': '',
      '😀.flac': '',
      '._b.wav': '',
      'notes.md': 'x',
    };
    const { rows, warnings } = await read(files, { manifest: '.' });
    expect(rows).toEqual([
      { audio: { path: 'B.ogg' }, id: 'B', origin: 'B.ogg' },
      { audio: { path: 'a-/y.raw' }, id: 'y', text: '', origin: 'a-/y.raw' },
      { audio: { path: 'a/x.MP3' }, id: 'x', text: 'txt', origin: 'a/x.MP3' },
      { audio: { path: 'b.wav' }, id: 'b', text: 'two lines', origin: 'b.wav' },
      { audio: { path: '\uff5e.flac' }, id: '\uff5e', origin: '\uff5e.flac' },
      { audio: { path: '😀.flac' }, id: '😀', origin: '😀.flac' },
    ]);
    const paths = rows.map(({ audio }) => Buffer.from(audio.path));
    expect(paths.toSorted(Buffer.compare)).toEqual(paths);
    expect(warnings).toEqual(['3 of 6 audio files have no transcript: B.ogg, \uff5e.flac, 😀.flac']);
  });

  test('counts transcripts without audio; audio alone is no mistake; one kind can be chosen', async () => {
    const files = { 'a.wav': '', 'a.flac': '', 'a.txt': 'x', 'b.txt': 'y', 'c/a.flac': '', 'c/a.lab': 'z' };
    const { rows, warnings } = await read(files, { manifest: '.', extension: 'flac' });
    expect(rows.map(({ audio, text }) => [audio.path, text])).toEqual([
      ['a.flac', 'x'],
      ['c/a.flac', 'z'],
    ]);
    expect(warnings).toEqual([
      '1 transcripts have no audio beside them and are not used: b.txt',
      'an utterance has an id that stood before: a (c/a.flac)',
    ]);
    expect((await read({ 'x/a.wav': '', 'x/b.wav': '' }, { manifest: 'x' })).warnings).toEqual([]);
  });

  test('reads more files than are open at a time, in order', async () => {
    const names = Array.from({ length: 150 }, (_, i) => `u${1000 + i}`);
    const files = Object.fromEntries(
      names.flatMap((name) => [
        [`${name}.wav`, ''],
        [`${name}.txt`, `text of ${name}`],
      ]),
    );
    const { rows } = await read(files, { manifest: '.' });
    expect(rows.map(({ id, text }) => [id, text])).toEqual(names.map((name) => [name, `text of ${name}`]));
  });

  test.skipIf(process.platform === 'win32')('follows links, but not round and round', async () => {
    const folder = folderWith({ 'real/a.wav': '', 'real/in/b.wav': '', 'corpus/c.wav': '' });
    symlinkSync('../real', join(folder, 'corpus', 'linked'));
    symlinkSync('../../real', join(folder, 'real', 'in', 'round'));
    symlinkSync('nowhere', join(folder, 'corpus', 'broken.wav'));
    const { rows } = await readIn(folder, { manifest: 'corpus' });
    expect(rows.map(({ audio }) => audio.path)).toEqual([
      'corpus/broken.wav',
      'corpus/c.wav',
      'corpus/linked/a.wav',
      'corpus/linked/in/b.wav',
    ]);
  });

  test.skipIf(process.platform === 'win32')('links that lead to each other, or to where they are', async () => {
    const folder = folderWith({ 'a/x.wav': '', 'b/y.wav': '' });
    symlinkSync('../b', join(folder, 'a', 'link'));
    symlinkSync('../a', join(folder, 'b', 'link'));
    symlinkSync('.', join(folder, 'self'));
    const { rows } = await readIn(folder, { manifest: '.' });
    expect(rows.map(({ audio }) => audio.path)).toEqual(['a/link/y.wav', 'a/x.wav', 'b/link/x.wav', 'b/y.wav']);
  });

  test('a transcript that is not UTF-8 is named', async () => {
    const files = { 'a.wav': '', 'a.txt': Buffer.from([0x61, 0x0a, 0xe9]) };
    expect(await complaint(files, { manifest: '.' })).toContain('a.txt:2: expected UTF-8 text, found other bytes');
  });

  test('a folder without audio is none', async () => {
    const { message, exitCode } = await refusal({ 'x/a.txt': '' }, { manifest: 'x', format: 'folder' });
    expect(message).toContain('x: expected audio files (.wav, .flac, .mp3');
    expect(exitCode).toBe(66);
  });
});
