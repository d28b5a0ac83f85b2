// Sounds that the model made: players, and spectrograms one above the other, with the recording's where there is one.
import { escapeHtml } from './html.js';
import {
  type AxisLabel,
  type ColourRange,
  colourRange,
  frequencyLabels,
  gradientOf,
  secondLabels,
  spectrogramPicture,
} from './spectrogram.js';
import type { ReportSound, ReportSpectrogram } from './types.js';

/** Most characters of audio on a page: some eleven minutes at 8 kHz, four at 22,050 Hz. */
const MOST_AUDIO = 15e6;

/** Characters of a file as base64. */
const base64Size = ({ wav }: ReportSound['audio'][number]): number => 4 * Math.ceil(wav.length / 3);

/** Width of a second of a short sound; longer ones take what there is. In rem. */
const SECOND = 20;
/** Room for a short sound's captions and labels. In rem. */
const LEAST_WIDTH = 18;

const percent = (share: number): string => `${Number((100 * share).toFixed(2))}%`;
const megabytes = (characters: number): string => `${(characters / 1e6).toFixed(1)} MB`;
const remarkHtml = (text: string): string => `<p class="remark">${escapeHtml(text)}</p>`;

/** The heading of a sound; `number` counts from 1. */
const titleHtml = ({ title }: ReportSound, number: number): string =>
  escapeHtml(title.trim() === '' ? `Sound ${number}` : title);

function playersHtml({ audio, title }: ReportSound, number: number): string {
  const items = audio.map(({ name, wav }, i) => {
    const uri = `data:audio/wav;base64,${Buffer.from(wav.buffer, wav.byteOffset, wav.length).toString('base64')}`;
    const label = escapeHtml(title.trim() === '' ? `${name}, sound ${number}` : `${name}: ${title}`);
    return `<li data-player="${i}"><span>${escapeHtml(name)}</span><audio controls preload="none" aria-label="${label}" src="${uri}"></audio></li>`;
  });
  return items.length === 0 ? '' : `<ul class="players">${items.join('')}</ul>`;
}

function factsHtml(facts: ReportSound['facts']): string {
  const items = facts.map(({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`);
  return items.length === 0 ? '' : `<dl class="figures">${items.join('')}</dl>`;
}

/** A spectrogram in a frame that spans `frames` frames, with the players that it stands for. */
function pictureHtml(
  spectrogram: ReportSpectrogram,
  name: string,
  sound: ReportSound,
  frames: number,
  range: ColourRange,
  players: readonly number[],
): string {
  const { lowFreq, highFreq, secondsPerFrame } = sound;
  const length = `${(spectrogram.frames * secondsPerFrame).toFixed(2)} s`;
  const alt = `Mel spectrogram of the ${name}: ${length}, ${spectrogram.dim} bands from ${lowFreq} to ${highFreq} Hz`;
  const image =
    spectrogram.frames === 0
      ? '<span class="nothing">no frames</span>'
      : `<img src="${spectrogramPicture(spectrogram, range)}" alt="${escapeHtml(alt)}" style="width:${percent(spectrogram.frames / frames)}">`;
  const axis = frequencyLabels(sound, spectrogram.dim).map(
    ({ text, at }) => `<span class="hertz" style="bottom:${percent(at)}" aria-hidden="true">${text}</span>`,
  );
  return `<figure><figcaption>${name}, ${length}</figcaption><div class="face" data-players="${players.join(' ')}">${image}${axis.join('')}<i class="playhead" hidden></i></div></figure>`;
}

function secondHtml({ text, at }: AxisLabel): string {
  // The last label stays inside.
  return `<span${at > 0.96 ? ' class="last"' : ''} style="left:${percent(at)}">${text}</span>`;
}

/** The spectrograms of a sound, in one scale of time and one range of colours. */
function spectrogramsHtml(sound: ReportSound): string {
  const { target, predicted, audio, secondsPerFrame } = sound;
  const frames = Math.max(1, target?.frames ?? 0, predicted.frames);
  // The recording's range where there is one: an output that goes astray must not darken what it is compared with.
  const range = colourRange(target ?? predicted);
  const last = audio.length - 1;
  const all = audio.map((_, i) => i);
  const others = all.filter((i) => i !== last);
  const pictures = [
    ...(target ? [pictureHtml(target, 'recording', sound, frames, range, others.length > 0 ? others : all)] : []),
    pictureHtml(predicted, 'output', sound, frames, range, all.slice(last)),
  ];
  const broken = [target, predicted].some((item) => item?.data.some((value) => !Number.isFinite(value)));
  const seconds = frames * secondsPerFrame;
  return `${broken ? remarkHtml('Some values are not finite numbers; they are drawn as silence.') : ''}<div class="spectra" data-seconds="${seconds}" style="max-width:${Math.max(LEAST_WIDTH, SECOND * seconds).toFixed(1)}rem">
${pictures.join('\n')}
<p class="seconds" aria-hidden="true">${secondLabels(seconds).map(secondHtml).join('')}</p>
</div>`;
}

/**
 * The section's inside. Audio is on the page as long as there is room for it, in the order of the sounds; where it is left out, the
 * page says so.
 * @param attentionTitles titles of the examples whose attention the page shows, in their order
 */
export function soundsHtml(
  sounds: readonly ReportSound[],
  attentionTitles: readonly (string | undefined)[],
  checkpoint: string | undefined,
): string {
  let used = 0;
  const articles = sounds.map((sound, i) => {
    const size = sound.audio.reduce((sum, file) => sum + base64Size(file), 0);
    const fits = used + size <= MOST_AUDIO;
    if (fits) used += size;
    const shown = fits ? sound : { ...sound, audio: [] };
    const leftOut = `Its audio is left out: a page holds ${megabytes(MOST_AUDIO)} of audio, of which ${megabytes(MOST_AUDIO - used)} were left for its ${megabytes(size)}.`;
    const example = attentionTitles.indexOf(sound.title);
    return `<article class="example sound" aria-labelledby="sound-${i + 1}">
<h3 id="sound-${i + 1}" dir="auto">${titleHtml(sound, i + 1)}</h3>
${sound.remark === undefined ? '' : remarkHtml(sound.remark)}${fits ? '' : remarkHtml(leftOut)}
${factsHtml(sound.facts)}${playersHtml(shown, i + 1)}
${spectrogramsHtml(shown)}
${example < 0 ? '' : `<p class="more"><a href="#attention-${example + 1}">Attention of this sound</a></p>`}
</article>`;
  });
  const scale = `<p class="scale" aria-hidden="true"><span>quiet</span><i style="background:${gradientOf()}"></i><span>loud</span></p>`;
  return `<p class="about">What the model said${checkpoint === undefined ? '' : `, at ${escapeHtml(checkpoint)}`}. The two spectrograms of a sound share their scale of time and
their colours, which span the recording's values where there is a recording; frequencies are spaced as on the mel scale.</p>
${scale}
${articles.join('\n')}`;
}
