// The report of a real run, and the page in a real browser: what it shows, how it is used, that it asks nobody for anything.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../src/report/render.js';
import { colourMap, colourRange, spectrogramLevels } from '../../src/report/spectrogram.js';
import type { ReportResult } from '../../src/run/types.js';
import { attentionAlong, reportData, reportSound } from '../unit/report/data.js';
import { project, remove, s2s, succeed, temporaryFolder } from './support.js';

let folder: string;
let run: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = await project(folder);
  run = at('run');
  await succeed(['train', config, '--out', run]);
});
afterAll(() => remove(folder));

describe('s2s report', () => {
  it('writes a page beside the run and says where it is', async () => {
    expect(await succeed(['report', run])).toBe(`${join(run, 'report.html')}\n`);
    const page = await readFile(join(run, 'report.html'), 'utf8');
    expect(page).toMatch(/<title>run · translation · s2s report<\/title>/);
    expect(page).toContain('task: translation');
    expect(page.match(/data:image\/png/g)).toHaveLength(3 * 1 * 2);
    expect(await readdir(run)).not.toContainEqual(expect.stringContaining('s2s-tmp'));
  });

  it('reports in numbers, and writes the same page again', async () => {
    const line = ['report', run, '--json', '--examples', '1', '--checkpoint', 'latest', '--output'];
    const result = JSON.parse(await succeed([...line, at('one.html')])) as ReportResult;
    const log = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(result).toMatchObject({ task: 'translation', output: at('one.html'), records: log.length, attention: 1 });
    expect(result.charts).toBeGreaterThanOrEqual(6);
    expect(result.bytes).toBe((await readFile(at('one.html'))).length);
    await succeed([...line, at('two.html')]);
    expect(await readFile(at('two.html'), 'utf8')).toBe(await readFile(at('one.html'), 'utf8'));
    const { stdout } = await s2s(['report', run, '--examples', '0', '--output', '-']);
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(stdout).not.toContain('<dialog');
  });

  it('counts the parameters that training counted', async () => {
    const { parameters } = JSON.parse(await succeed(['train', at('config.yaml'), '--out', at('again'), '--json'])) as {
      parameters: number;
    };
    const page = await readFile(join(run, 'report.html'), 'utf8');
    expect(page).toContain(`<small>${parameters.toLocaleString('en-US')}</small>`);
  });

  it.each([
    ['a folder that is not there', ['nowhere'], 66, 'is not a run folder: no such folder'],
    ['a folder that is no run', ['.'], 65, 'is not a run folder: it has no run.json'],
    ['a checkpoint that is not there', ['run', '--checkpoint', '7'], 66, 'no checkpoint of step 7'],
    [
      'a checkpoint without a use for it',
      ['run', '--checkpoint', 'best', '--examples', '0'],
      2,
      'leave one of them out',
    ],
    [
      'a place that cannot be written',
      ['run', '--examples', '0', '--output', 'no/such.html'],
      65,
      'its folder does not exist',
    ],
  ])('refuses %s', async (_, argv, code, message) => {
    const ended = await s2s(['report', ...argv], { cwd: folder });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(message);
  });

  it('needs the log, whole', async () => {
    const copy = at('copy');
    await cp(run, copy, { recursive: true });
    const log = join(copy, 'metrics.jsonl');
    await writeFile(log, `oops\n${await readFile(log, 'utf8')}`);
    expect(await s2s(['report', copy])).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('metrics.jsonl:1: '),
    });
    await rm(log);
    expect(await s2s(['report', copy])).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('what a report is made of'),
    });
  });

  it('does without attention where the data have moved, unless attention was asked for', async () => {
    await rename(at('valid.src'), at('moved.src'));
    try {
      const { code, stderr } = await s2s(['report', run, '--output', at('less.html')]);
      expect({ code, warned: /warning: no attention maps: .*valid\.src/.test(stderr) }).toEqual({
        code: 0,
        warned: true,
      });
      expect(await readFile(at('less.html'), 'utf8')).toMatch(/<li>No attention maps: .*valid\.src/);
      expect((await s2s(['report', run, '--examples', '2', '--output', at('none.html')])).code).toBe(66);
      expect(existsSync(at('none.html'))).toBe(false);
    } finally {
      await rename(at('moved.src'), at('valid.src'));
    }
  });
});

/** A browser to test with: Chromium or Chrome in the PATH. */
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((place) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(place, name)))
  .find((file) => existsSync(file));
const playwright = await import('playwright-core').catch(() => undefined);
const missing = [...(executablePath ? [] : ['Chromium']), ...(playwright ? [] : ['playwright-core'])].join(' and ');
if (missing !== '') console.log(`report: what a browser does with the page is not tested, for want of ${missing}`);

describe.skipIf(missing !== '')('the page in a browser', () => {
  let browser: Browser;
  let page: Page;
  /** What must not happen: errors, requests, dialogs. */
  const troubles: string[] = [];
  const pageUrl = (name: string): string => pathToFileURL(at(name)).href;

  const open = async (name: string, width = 1280, more: { colorScheme?: 'dark'; javaScriptEnabled?: false } = {}) => {
    page = await browser.newPage({ viewport: { width, height: 900 }, reducedMotion: 'reduce', ...more });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => troubles.push(message.text()));
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && request.url() !== pageUrl(name)) troubles.push(request.url());
    });
    page.on('dialog', (dialog) => {
      troubles.push(dialog.message());
      return dialog.dismiss();
    });
    await page.goto(pageUrl(name));
  };
  const chart = (title: string) => page.locator('figure', { has: page.locator(`h3:text-is("${title}")`) });
  const stepLabels = (title: string) => chart(title).locator('svg text[text-anchor]:not([dy])').allTextContents();
  const drag = async (title: string, from: number, to: number) => {
    await chart(title).scrollIntoViewIfNeeded();
    const box = await chart(title).locator('svg').boundingBox();
    if (!box) throw new Error('the chart is not shown');
    await page.mouse.move(box.x + box.width * from, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 90, { steps: 4 });
    await page.mouse.up();
  };

  beforeAll(async () => {
    const sound = Array.from({ length: 350 }, (_, i) => (i * 0.04).toFixed(2));
    const data = reportData();
    const attention = [...data.attention, attentionAlong(sound, [...'some text'], 1, 2)];
    const sounds = [await reportSound('vm-star-cancel'), await reportSound('conf-locked')];
    await mkdir(at('pages'));
    await writeFile(at('pages/rich.html'), renderReport({ ...data, attention, sounds }).html);
    const spoken = attentionAlong([...'press star to cancel'], sound, 1, 2);
    await writeFile(at('pages/spoken.html'), renderReport({ ...data, attention: [spoken] }).html);
    browser = await (playwright as NonNullable<typeof playwright>).chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox'],
    });
  });
  afterEach(async () => {
    await page.close();
    expect(troubles.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  it('shows the run that was trained', async () => {
    await open('run/report.html');
    const charts = page.locator('[data-chart]');
    expect(await charts.count()).toBeGreaterThanOrEqual(6);
    expect(await page.locator('[data-chart] .line:not([d=""])').count()).toBeGreaterThanOrEqual(await charts.count());
    await page.locator('.map').first().click();
    await page.locator('dialog svg').press('ArrowRight');
    await expect.poll(() => page.locator('dialog .reading').textContent()).toMatch(/ → .* 0\.\d{3}$/);
  });

  it('zooms all charts into the range that is dragged over, and out again', async () => {
    await open('pages/rich.html');
    const whole = await stepLabels('Loss');
    expect([whole[0], whole.at(-1)]).toEqual(['0', '2000']);
    const reset = page.locator('#reset-zoom');
    expect(await reset.isVisible()).toBe(false);
    await drag('Loss', 0.5, 0.75);
    const zoomed = (await stepLabels('Loss')).map(Number);
    expect(zoomed.length).toBeGreaterThan(2);
    expect(Math.min(...zoomed)).toBeGreaterThan(800);
    expect(Math.max(...zoomed)).toBeLessThan(1700);
    expect(Math.min(...(await stepLabels('BLEU')).map(Number))).toBeGreaterThan(800);
    expect(await reset.isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await stepLabels('Loss')).toEqual(whole);
    await drag('BLEU', 0.9, 0.4);
    expect(await stepLabels('Loss')).not.toEqual(whole);
    await chart('Accuracy').locator('svg').dblclick();
    expect(await stepLabels('Loss')).toEqual(whole);
    await drag('Loss', 0.2, 0.3);
    await reset.click();
    expect(await stepLabels('Loss')).toEqual(whole);
    expect(await reset.isVisible()).toBe(false);
  });

  it('reads values under the pointer and by keyboard', async () => {
    await open('pages/rich.html');
    const legend = chart('Loss').locator('.legend');
    expect(await legend.textContent()).toMatch(/^step 2000training 2\.0000validation 2\.0000/);
    const svg = chart('Loss').locator('svg');
    await svg.hover({ position: { x: 500, y: 100 } });
    const [, step, loss] = /^step (\d+)training (\S+?)validation/.exec((await legend.textContent()) ?? '') ?? [];
    expect(Number(loss)).toBeCloseTo(6 - (4 * Number(step)) / 2000, 3);
    expect(Number(step)).toBeGreaterThan(500);
    expect(await svg.locator('.cursor circle').count()).toBe(2);
    await page.mouse.move(5, 5);
    expect(await svg.locator('.cursor').count()).toBe(0);
    await svg.focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    expect(await legend.textContent()).toMatch(/^step 1950training 2\.1000validation \S+ at 2000/);
    await page.keyboard.press('+');
    expect(Number((await stepLabels('Loss'))[0])).toBeGreaterThan(900);
    expect(await chart('Reward').locator('.legend').textContent()).toContain('± 0.05');
  });

  it('switches between a linear and a logarithmic axis', async () => {
    await open('pages/rich.html');
    const button = chart('Loss').locator('button.log');
    const gaps = async () => {
      const labels = await chart('Loss').locator('svg text[dy]').all();
      const heights = await Promise.all(labels.map(async (label) => Number(await label.getAttribute('y'))));
      return heights.slice(1).map((y, i) => (heights[i] ?? 0) - y);
    };
    const isEven = (all: readonly number[]) => Math.max(...all) - Math.min(...all) < 1;
    expect(isEven(await gaps())).toBe(true);
    await button.click();
    expect(await button.getAttribute('aria-pressed')).toBe('true');
    expect(isEven(await gaps())).toBe(false);
    await button.press('Enter');
    expect(isEven(await gaps())).toBe(true);
    expect(await chart('Perplexity').locator('button.log').getAttribute('aria-pressed')).toBe('true');
  });

  it('has a tab for each sample', async () => {
    await open('pages/rich.html');
    expect(await page.locator('#sample-1').isVisible()).toBe(true);
    expect(await page.locator('#sample-2').isVisible()).toBe(false);
    await page.getByRole('tab', { name: 'Sample 1' }).press('ArrowRight');
    expect(await page.locator('#sample-2').isVisible()).toBe(true);
    expect(await page.locator('#sample-1').isVisible()).toBe(false);
    expect(await page.locator('#sample-2 tbody td').textContent()).toContain('<script>alert("x")</script>');
  });

  it('enlarges attention maps and reads their weights', async () => {
    await open('pages/rich.html');
    const dialog = page.locator('dialog');
    const maps = page.locator('.map');
    expect(await maps.count()).toBe(8);
    await maps.nth(4).press('Enter');
    expect(await dialog.isVisible()).toBe(true);
    expect(await dialog.locator('h3').textContent()).toBe('Example 1, layer 2, head 2');
    await dialog.locator('svg').focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    // Layer 2, head 2 is the fifth map of 6 × 7; row 2, column 1 of it.
    const weight = reportData().attention[0]?.weights[(4 * 6 + 2) * 7 + 1] ?? 0;
    await expect.poll(() => dialog.locator('.reading').textContent()).toMatch(/^mit → man {2}0\.\d{3}$/);
    const read = Number((await dialog.locator('.reading').textContent())?.slice(-5));
    expect(Math.abs(read - weight)).toBeLessThan(0.006);
    await dialog.getByRole('button', { name: 'Next' }).click();
    expect(await dialog.locator('h3').textContent()).toBe('Example 1, layer 2, head 3');
    const image = await dialog.locator('image').boundingBox();
    await page.mouse.move((image?.x ?? 0) + 5, (image?.y ?? 0) + 5);
    await expect.poll(() => dialog.locator('.reading').textContent()).toMatch(/^ein → a {2}/);
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    // The browser gives the focus back to where it was first, the page moves it on after that.
    await expect.poll(() => page.evaluate('document.activeElement.dataset.name')).toBe('layer 2, head 3');
  });

  it('shows the whole of a map whose targets are many frames, with labels at round times', async () => {
    await open('pages/spoken.html');
    await page.locator('.map').first().click();
    const box = await page.locator('dialog image').boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(900);
    const beside = await page.locator('dialog svg text[text-anchor="end"]').allTextContents();
    expect(beside.slice(0, 3)).toEqual(['0 s', '0.5 s', '1 s']);
    expect(beside.at(-1)).toBe('13.5 s');
    expect(await page.locator('dialog svg text:not([text-anchor])').allTextContents()).toHaveLength(20);
  });

  it('draws spectrograms in the colours of their values', async () => {
    await open('pages/rich.html');
    const { target, predicted } = await reportSound('vm-star-cancel');
    const map = colourMap(32);
    for (const [i, spectrogram] of [target ?? predicted, predicted].entries()) {
      const pixels = await page.evaluate<number[]>(`(async () => {
        const image = document.querySelectorAll('.face img')[${i}];
        await image.decode();
        const [width, height] = [image.naturalWidth, image.naturalHeight];
        const context = new OffscreenCanvas(width, height).getContext('2d');
        context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, width, height).data];
      })()`);
      const { levels } = spectrogramLevels(spectrogram, colourRange(target ?? predicted));
      expect(pixels).toEqual([...levels].flatMap((level) => [...map.subarray(3 * level, 3 * level + 3), 255]));
    }
  });

  it('moves a line over both spectrograms as a sound plays, and seeks where they are clicked', async () => {
    await open('pages/rich.html');
    const sound = page.locator('.sound').first();
    const lines = sound.locator('.playhead');
    const seconds = Number(await sound.locator('.spectra').getAttribute('data-seconds'));
    const state = () =>
      sound.locator('audio').evaluateAll((all) =>
        all.map((item) => {
          const { currentTime, paused } = item as unknown as { currentTime: number; paused: boolean };
          return { time: currentTime, paused };
        }),
      );
    /** Where the lines are, in percent from the left. */
    const shares = async (): Promise<number[]> => {
      const styles = await Promise.all((await lines.all()).map((line) => line.getAttribute('style')));
      return styles.map((style) => Number(/^left: ([\d.]+)%/.exec(style ?? '')?.[1]));
    };
    const click = async (face: number, share: number) => {
      const box = await sound.locator('.face').nth(face).boundingBox();
      await sound
        .locator('.face')
        .nth(face)
        .click({ position: { x: (box?.width ?? 0) * share, y: 20 } });
    };
    const patient = { timeout: 20_000 };
    // Slowly, so that none is over before a busy machine has looked.
    await page.evaluate(
      'for (const item of document.querySelectorAll("audio")) item.defaultPlaybackRate = item.playbackRate = 0.25',
    );
    expect(await lines.locator('visible=true').count()).toBe(0);
    // The output's picture belongs to the output's player, even before anything of it is loaded.
    await click(1, 0.25);
    expect((await state()).map(({ time }) => time > 0)).toEqual([false, false, true]);
    expect((await state())[2]?.time).toBeCloseTo(0.25 * seconds, 1);
    for (const share of await shares()) expect(share).toBeCloseTo(25, 0);
    expect(await lines.locator('visible=true').count()).toBe(2);
    expect(await sound.locator('.on').textContent()).toBe('output');
    await sound.locator('audio').nth(2).press('Space');
    await expect.poll(async () => (await shares()).every((share) => share > 30), patient).toBe(true);
    // A click in the recording while the output plays goes on with the recording, and only with that.
    await click(0, 0.1);
    await expect.poll(async () => (await state()).map(({ paused }) => paused), patient).toEqual([false, true, true]);
    await expect.poll(async () => (await state())[0]?.time, patient).toBeGreaterThan(0.15 * seconds);
    await page.locator('.sound').nth(1).locator('audio').first().press('Space');
    await expect.poll(async () => (await state()).every(({ paused }) => paused), patient).toBe(true);
    await expect
      .poll(async () => page.locator('.sound').nth(1).locator('.playhead').locator('visible=true').count(), patient)
      .toBe(2);
  });

  it.each([undefined, 'dark' as const])('fits a telephone (%s)', async (colorScheme) => {
    await open('pages/rich.html', 390, colorScheme ? { colorScheme } : {});
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    expect(await width()).toBe(390);
    await page.locator('summary').first().click();
    await page.locator('summary').last().click();
    await page.locator('.map').last().click();
    expect(await width()).toBe(390);
    const box = await page.locator('dialog').boundingBox();
    expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 390).toBe(true);
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(colorScheme ? 'rgb(19, 21, 25)' : 'rgb(247, 246, 243)');
  });

  it('can be read without JavaScript', async () => {
    await open('pages/rich.html', 1280, { javaScriptEnabled: false });
    expect(await page.locator('[data-chart] .line').count()).toBe(14);
    expect(await page.locator('.panel').locator('visible=true').count()).toBeGreaterThan(0);
    expect(await page.locator('#sample-2').isVisible()).toBe(true);
    expect(await page.locator('button.log').first().isVisible()).toBe(false);
    expect(await page.locator('.sound audio').locator('visible=true').count()).toBe(6);
    expect(await page.locator('.face img').locator('visible=true').count()).toBe(4);
  });
});
