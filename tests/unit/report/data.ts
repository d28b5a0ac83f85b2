// A run as a report gets it: reinforcement learning with skipped steps, a resume, samples and attention.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { featuresConfigSchema } from '../../../src/audio/config.js';
import { createFeatureExtractor } from '../../../src/audio/features/extractor.js';
import { readAudio } from '../../../src/audio/io/read.js';
import type {
  ReportAttention,
  ReportData,
  ReportRecord,
  ReportSound,
  ReportSpectrogram,
} from '../../../src/report/types.js';

const SOURCE = ['a', 'man', 'in', 'an', 'orange', 'hat', '</s>'];
const TARGET = ['ein', 'mann', 'mit', 'orangem', 'hut', '</s>'];
export const HOSTILE = '<script>alert("x")</script> & </script> \'quoted\'';

/** Attention that moves along the diagonal, the wider the later the layer; every row adds up to 1. */
export function attentionAlong(source: readonly string[], target: readonly string[], layers = 2, heads = 3) {
  const [S, T] = [source.length, target.length];
  const weights = new Float32Array(layers * heads * T * S);
  for (let i = 0; i < layers * heads; i++) {
    for (let t = 0; t < T; t++) {
      const row = weights.subarray((i * T + t) * S, (i * T + t + 1) * S);
      row.forEach((_, s) => {
        row[s] = Math.exp(-((s - (t * S) / T) ** 2) / (0.1 + i));
      });
      const total = row.reduce((sum, weight) => sum + weight);
      row.forEach((weight, s) => {
        row[s] = weight / total;
      });
    }
  }
  return { source, target, layers, heads, weights } satisfies ReportAttention;
}

/** Records of `steps` steps, one every 50, a validation with samples every 250. */
export function records(steps = 2000): ReportRecord[] {
  const found: ReportRecord[] = [];
  for (let step = 50; step <= steps; step += 50) {
    const share = step / steps;
    const seconds = step <= 1000 ? step / 10 : (step - 1000) / 10;
    const time = {
      at: new Date(1e12 + step * 100).toISOString(),
      seconds,
      tokensPerSecond: 5000 + step,
      dataWait: 0.01,
    };
    if (step === 700) found.push({ step: 690, event: 'skipped', loss: 'NaN', gradientNorm: 'NaN', rows: [3, 4] });
    found.push({
      ...{
        step,
        event: 'train',
        epoch: Math.floor(step / 500),
        loss: 6 - 4 * share,
        learningRate: 0.001 * share,
        time,
      },
      ...{ gradientNorm: step === 1500 ? 'Infinity' : 1 - 0.5 * share, targetTokens: step * 1000 },
      ...{
        reward: 0.2 + 0.5 * share,
        rewardDeviation: 0.2 - 0.15 * share,
        baseline: 0.19 + 0.5 * share,
        sampleLength: 12,
      },
    });
    if (step % 250 !== 0) continue;
    const scores = { loss: 5 - 3 * share, perplexity: Math.exp(5 - 3 * share), accuracy: share, bleu: 40 * share };
    found.push({ step, event: 'validation', ...scores, diagonality: 0.5, best: step <= 1750, time: { seconds: 2 } });
    const output = step < 500 ? 'ein ein' : 'ein mann mit hut';
    const samples = [
      { source: SOURCE.join(' '), reference: TARGET.join(' '), output },
      { source: HOSTILE, reference: HOSTILE, output: HOSTILE },
    ];
    found.push({ step, event: 'samples', samples });
  }
  return found;
}

/** Everything that a page can show. */
export function reportData(changes: Partial<ReportData> = {}): ReportData {
  return {
    name: 'run-7',
    task: 'translation',
    facts: [{ name: 'Parameters', value: '2.61 M', note: '2,612,736' }],
    records: records(),
    validationMetric: 'bleu',
    attention: [{ ...attentionAlong(SOURCE, TARGET), title: SOURCE.join(' '), reference: 'ein mann', output: HOSTILE }],
    checkpoint: 'step 1750',
    config: `task: translation # ${HOSTILE}\n`,
    notes: [],
    writtenBy: 's2s 0.1.0',
    ...changes,
  };
}

/** A log-mel spectrogram of a sound at 8 kHz as speech is made from. */
export async function melOf(samples: Float32Array): Promise<ReportSpectrogram> {
  const sizes = { numMelBins: 40, fftSize: 256, frameLength: 32, frameShift: 8, lowFreq: 0, highFreq: 4000 };
  const settings = { kind: 'logMel', sampleRate: 8000, usePower: false, logFloor: 1e-5, cmvn: 'none' };
  const extractor = await createFeatureExtractor(featuresConfigSchema.parse({ ...settings, ...sizes }));
  return extractor.extract(samples);
}

/** A recording of the fixtures as a report shows it, and a vaguer, shorter output: the recording without its last tenth. */
export async function reportSound(name: string, changes: Partial<ReportSound> = {}): Promise<ReportSound> {
  const path = fileURLToPath(new URL(`../../../fixtures/speech-recognition/audio/${name}.wav`, import.meta.url));
  const target = await melOf((await readAudio({ path })).samples);
  const { dim } = target;
  const frames = Math.floor(0.9 * target.frames);
  const data = target.data.slice(0, frames * dim);
  for (let i = dim; i < data.length; i++) data[i] = 0.7 * (data[i - dim] as number) + 0.3 * (data[i] as number);
  const wav = new Uint8Array(await readFile(path));
  return {
    title: name,
    secondsPerFrame: 0.008,
    lowFreq: 0,
    highFreq: 4000,
    target,
    predicted: { data, frames, dim },
    audio: ['recording', 'recording, from its spectrogram', 'output'].map((what) => ({ name: what, wav })),
    facts: [{ name: 'MCD', value: '6.12 dB' }],
    ...changes,
  };
}
