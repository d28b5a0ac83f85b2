// Sounds on the page: pictures of real spectrograms, their axes and colours, players, and what happens when there is too much audio.
import { inflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { palettePng } from '../../../src/report/png.js';
import { renderReport } from '../../../src/report/render.js';
import { soundsHtml } from '../../../src/report/sounds.js';
import {
  colourMap,
  colourRange,
  frequencyLabels,
  secondLabels,
  spectrogramLevels,
  spectrogramPicture,
} from '../../../src/report/spectrogram.js';
import type { ReportSound } from '../../../src/report/types.js';
import { attentionAlong, HOSTILE, melOf, reportData, reportSound } from './data.js';

let sound: ReportSound;
beforeAll(async () => {
  sound = await reportSound('vm-star-cancel');
});

describe('colourMap', () => {
  it('grows lighter in even steps', () => {
    const map = colourMap(32);
    // CIE lightness, which the map was not made by.
    const lightness = Array.from({ length: 32 }, (_, level) => {
      const [r, g, b] = [...map.subarray(3 * level, 3 * level + 3)].map((byte) => {
        const share = byte / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
    });
    expect(lightness[0]).toBeLessThan(5);
    expect(lightness[31]).toBeGreaterThan(93);
    const steps = lightness.slice(1).map((value, i) => value - (lightness[i] as number));
    expect(Math.min(...steps)).toBeGreaterThan(1);
    expect(Math.max(...steps)).toBeLessThan(5);
  });
});

describe('palettePng', () => {
  it('holds its levels, which its filter gives back', () => {
    const [width, height] = [7, 5];
    const levels = Uint8Array.from({ length: width * height }, (_, i) => (i * i) % 32);
    const png = palettePng(levels, width, height, colourMap(32));
    const at = png.indexOf('IDAT');
    const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    const found = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      expect(rows[y * (width + 1)]).toBe(3);
      for (let x = 0; x < width; x++) {
        const left = x > 0 ? (found[y * width + x - 1] as number) : 0;
        const above = y > 0 ? (found[(y - 1) * width + x] as number) : 0;
        found[y * width + x] = (rows[y * (width + 1) + 1 + x] as number) + Math.floor((left + above) / 2);
      }
    }
    expect(found).toEqual(levels);
    expect(png.readUInt32BE(png.indexOf('PLTE') - 4)).toBe(3 * 32);
  });
});

describe('a spectrogram', () => {
  const tone = (hertz: number): Float32Array =>
    Float32Array.from({ length: 4000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / 8000));

  it.each([500, 1000, 2000])('has the label of %d Hz where a tone of that is', async (hertz) => {
    const mel = await melOf(tone(hertz));
    const { levels, columns } = spectrogramLevels(mel, { low: -11, high: colourRange(mel).high });
    const middle = Math.floor(columns / 2);
    const column = Array.from({ length: mel.dim }, (_, y) => levels[y * columns + middle] as number);
    const row = column.indexOf(Math.max(...column));
    const label = frequencyLabels({ lowFreq: 0, highFreq: 4000 }, mel.dim).find(
      ({ text }) => text === (hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`),
    );
    // From the bottom, as a share of the height; a band is 1/40.
    expect(Math.abs((label?.at ?? 9) - (mel.dim - row - 0.5) / mel.dim)).toBeLessThan(1 / 40);
  });

  it('has labels within its edges only', () => {
    const texts = (lowFreq: number, highFreq: number) =>
      frequencyLabels({ lowFreq, highFreq }, 80).map(({ text }) => text);
    expect(texts(0, 8000)).toEqual(['500 Hz', '1 kHz', '2 kHz', '4 kHz', '8 kHz']);
    expect(texts(0, 7600)).toEqual(['500 Hz', '1 kHz', '2 kHz', '4 kHz']);
    expect(texts(900, 11_025)).toEqual(['1 kHz', '2 kHz', '4 kHz', '8 kHz']);
    const all = frequencyLabels({ lowFreq: 0, highFreq: 8000 }, 80);
    expect(all.every(({ at }, i) => at <= 1 && at > (all[i - 1]?.at ?? 0))).toBe(true);
  });

  it('lies in time from left to right and in frequency from the bottom up', () => {
    // Three frames of two bands: only the low band of the last frame is loud, only the high band of the first half so.
    const data = Float32Array.from([0, 5, 0, 0, 10, 0]);
    const { levels, columns } = spectrogramLevels({ data, frames: 3, dim: 2 }, { low: 0, high: 10 });
    expect([columns, ...levels]).toEqual([3, 16, 0, 0, 0, 0, 31]);
  });

  it('clamps what is outside of the range, and draws what is not finite as silence', () => {
    const data = Float32Array.from([-5, 99, Number.NaN, Number.POSITIVE_INFINITY]);
    expect([...spectrogramLevels({ data, frames: 4, dim: 1 }, { low: 0, high: 1 }).levels]).toEqual([0, 31, 0, 0]);
    const flat = { data: new Float32Array(6).fill(-3), frames: 3, dim: 2 };
    expect(colourRange(flat)).toEqual({ low: -3, high: -3 });
    expect([...spectrogramLevels(flat, colourRange(flat)).levels]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('tells apart values above the floor that silence shares', () => {
    const spoken = sound.target?.data ?? new Float32Array();
    const silence = new Float32Array(4 * spoken.length).fill(Math.fround(Math.log(1e-5)));
    const range = colourRange({ data: Float32Array.from([...silence, ...spoken]), frames: 1, dim: 1 });
    expect(range.high).toBe(Math.max(...spoken));
    expect(range.low).toBeGreaterThan(Math.log(1e-5));
    expect(range).toEqual(colourRange({ data: spoken, frames: 1, dim: 1 }));
  });

  it('of an hour is as wide as a screen', () => {
    const frames = 45_001;
    const data = Float32Array.from({ length: frames * 2 }, (_, i) => (i % 4 < 2 ? 1 : 3));
    const { levels, columns } = spectrogramLevels({ data, frames, dim: 2 }, { low: 0, high: 4 });
    expect(columns).toBeLessThanOrEqual(2000);
    expect(columns).toBeGreaterThan(1000);
    expect(levels).toHaveLength(2 * columns);
    for (const level of levels.subarray(0, columns - 1)) expect(Math.abs(level - 15.5)).toBeLessThan(1.6);
  });

  it('takes few bytes', () => {
    const { target, predicted } = sound;
    const range = colourRange(target ?? predicted);
    const perSecond = (spectrogram = predicted): number =>
      spectrogramPicture(spectrogram, range).length / (spectrogram.frames * 0.008);
    expect(perSecond(target)).toBeLessThan(4000);
    expect(perSecond()).toBeLessThan(perSecond(target));
  });
});

describe('secondLabels', () => {
  it.each([
    [5.6, ['0 s', '1 s', '2 s', '3 s', '4 s', '5 s']],
    [1.86, ['0 s', '0.5 s', '1 s', '1.5 s']],
    [0.3, ['0 s', '0.1 s', '0.2 s', '0.3 s']],
    [12, ['0 s', '5 s', '10 s']],
    [0, []],
  ])('of %d s', (seconds, texts) => {
    expect(secondLabels(seconds).map(({ text }) => text)).toEqual(texts);
  });

  it('are few, and where they say', () => {
    for (let seconds = 0.05; seconds < 400; seconds *= 1.037) {
      const labels = secondLabels(seconds);
      expect(labels.length).toBeGreaterThanOrEqual(2);
      expect(labels.length).toBeLessThanOrEqual(6);
      for (const { text, at } of labels) expect(at * seconds).toBeCloseTo(Number.parseFloat(text), 4);
    }
  });
});

describe('soundsHtml', () => {
  const html = (sounds: readonly ReportSound[], titles: (string | undefined)[] = []) =>
    soundsHtml(sounds, titles, 'step 5');

  it('has players that hold the files, and pictures in one scale', () => {
    const page = html([sound]);
    const files = [
      ...page.matchAll(/<audio controls preload="none" aria-label="([^"]+)" src="data:audio\/wav;base64,([^"]+)">/g),
    ];
    expect(files.map(([, label]) => label)).toEqual([
      'recording: vm-star-cancel',
      'recording, from its spectrogram: vm-star-cancel',
      'output: vm-star-cancel',
    ]);
    for (const [, , data] of files)
      expect(new Uint8Array(Buffer.from(data ?? '', 'base64'))).toEqual(sound.audio[0]?.wav);
    const alts = [...page.matchAll(/alt="([^"]+)" style="width:([\d.]+)%"/g)].map(([, alt, width]) => [
      alt,
      Number(width),
    ]);
    const length = ({ frames }: { frames: number } = sound.predicted) => (frames * 0.008).toFixed(2);
    expect(alts[0]).toEqual([
      `Mel spectrogram of the recording: ${length(sound.target)} s, 40 bands from 0 to 4000 Hz`,
      100,
    ]);
    expect(alts[1]?.[0]).toBe(`Mel spectrogram of the output: ${length()} s, 40 bands from 0 to 4000 Hz`);
    expect(alts[1]?.[1]).toBeCloseTo((100 * sound.predicted.frames) / (sound.target?.frames ?? 1), 1);
    expect([...page.matchAll(/data-players="([^"]*)"/g)].map(([, players]) => players)).toEqual(['0 1', '2']);
    expect(page).toContain('<dt>MCD</dt><dd>6.12 dB</dd>');
    expect(page).toContain('at step 5');
    expect(page).not.toContain('class="remark"');
  });

  it('shares the colours of the recording, whatever the output is', () => {
    const images = (page: string) => [...page.matchAll(/<img src="([^"]+)"/g)].map(([, uri]) => uri);
    const loud = { ...sound.predicted, data: sound.predicted.data.map((value) => value + 100) };
    const [first] = images(html([sound]));
    const [same, other] = images(html([{ ...sound, predicted: loud }]));
    expect(same).toBe(first);
    // All of it is louder than the recording's loudest: one level, hardly a byte.
    expect(other?.length).toBeLessThan(500);
  });

  it('does without a recording, audio, frames, facts and title', () => {
    const { target, ...without } = sound;
    const nothing = { data: new Float32Array(), frames: 0, dim: 40 };
    const page = html([{ ...without, title: ' ', audio: [], facts: [], predicted: nothing }]);
    expect(page).toContain('>Sound 1</h3>');
    expect(page).toContain('no frames');
    expect(page.match(/<figure>/g)).toHaveLength(1);
    for (const part of ['<audio', '<dl', '<img', 'NaN', 'Infinity', 'undefined']) expect(page).not.toContain(part);
    expect(html([without]).match(/data-players="2"/g)).toHaveLength(1);
    const broken = { ...sound.predicted, data: sound.predicted.data.with(7, Number.NaN) };
    expect(html([{ ...without, predicted: broken }])).toContain('not finite numbers');
  });

  it('leaves out the audio of what does not fit, and says so', () => {
    const of = (name: string, bytes: number): ReportSound => ({
      ...sound,
      title: name,
      audio: [{ name: 'output', wav: new Uint8Array(bytes) }],
    });
    const page = html([of('one', 6e6), of('two', 6e6), of('three', 5e6), of('four', 1e6)]);
    const shown = [...page.matchAll(/aria-label="output: (\w+)"/g)].map(([, title]) => title);
    expect(shown).toEqual(['one', 'three']);
    expect(page).toContain('a page holds 15.0 MB of audio, of which 7.0 MB were left for its 8.0 MB.');
    expect(page.match(/class="remark"/g)).toHaveLength(2);
    expect(page.length).toBeLessThan(15.3e6);
    expect(page.match(/data-players=""/g)?.length).toBe(4);
  });
});

describe('a page with sounds', () => {
  it('has a section for them, which leads to their attention', () => {
    const title = `${HOSTILE} said`;
    const [facts, audio] = [[{ name: HOSTILE, value: HOSTILE }], [{ name: HOSTILE, wav: new Uint8Array(3) }]];
    const attention = [...reportData().attention, { ...attentionAlong(['a', 'b'], ['0.00', '0.01']), title }];
    const { html } = renderReport(
      reportData({ attention, sounds: [{ ...sound, title, facts, audio, remark: HOSTILE }, sound] }),
    );
    expect(html.match(/<a href="#attention-\d+">/g)).toEqual(['<a href="#attention-2">']);
    expect(html).toContain('id="attention-2"');
    expect(html).toContain('<a href="#sounds">Sounds</a>');
    expect(html).toContain('media-src data:');
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    for (const sounds of [[], undefined]) {
      expect(renderReport(reportData(sounds ? { sounds } : {})).html).not.toContain('id="sounds"');
    }
  });

  it('of three sounds of six seconds at 22,050 Hz is about 3 MB', async () => {
    const wav = new Uint8Array(44 + 2 * 6 * 22_050);
    const six = { ...sound, audio: ['recording', 'bound', 'output'].map((name) => ({ name, wav })) };
    const bare = renderReport(reportData()).html.length;
    const size = renderReport(reportData({ sounds: [six, six, six] })).html.length - bare;
    expect(size).toBeGreaterThan(3.1e6);
    expect(size).toBeLessThan(3.3e6);
  });
});
