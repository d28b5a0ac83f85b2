// The library's `report`: a run as one HTML page, with curves, sampled outputs and attention maps.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { RawRow } from '../data/corpus.js';
import { DataError, EngineError, UsageError } from '../errors.js';
import { readMetrics } from '../logging/metrics-log.js';
import { renderReport } from '../report/render.js';
import type { ReportAttention, ReportData, ReportFact, ReportSound } from '../report/types.js';
import { listCheckpoints } from '../storage/checkpoints.js';
import { openRunFolder, type RunFolder } from '../storage/run-folder.js';
import { readSafetensorsHeader } from '../storage/safetensors.js';
import type { RunConfig } from '../task.js';
import { packageVersion } from '../version.js';
import { loadRunConfig, openRun } from './open.js';
import { openOutput } from './output.js';
import { openSplit } from './splits.js';
import type { ReportOptions, ReportResult } from './types.js';

/** Validation rows whose attention is shown where the options do not say. */
const EXAMPLES = 3;

/** A number of parameters as people say it: `3.93 M`. */
function shortCount(count: number): string {
  const [divisor, unit] =
    count >= 1e9 ? [1e9, ' G'] : count >= 1e6 ? [1e6, ' M'] : count >= 1e3 ? [1e3, ' k'] : [1, ''];
  return divisor === 1 ? String(count) : `${(count / divisor).toPrecision(3)}${unit}`;
}

/** The number of the model's parameters, from the names and shapes in its last checkpoint; no fact where there is none yet. */
async function parameterFact(folder: RunFolder): Promise<ReportFact[]> {
  const step = (await listCheckpoints(folder.folder)).at(-1);
  if (step === undefined) return [];
  const { tensors } = await readSafetensorsHeader(join(folder.paths.checkpoints, `step-${step}.safetensors`));
  // The moments of the optimizer and the moving average repeat the parameters.
  const own = [...tensors].filter(([name]) => !/^(optimizer|average)\./.test(name));
  const count = own.reduce((sum, [, { shape }]) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return [{ name: 'Parameters', value: shortCount(count), note: count >= 1000 ? count.toLocaleString('en-US') : '' }];
}

/** The first rows of the validation split that have a source. */
async function validationRows(run: Awaited<ReturnType<typeof openRun>>, count: number, options: ReportOptions) {
  const corpus = await openSplit(run, 'valid', options);
  const rows: RawRow[] = [];
  try {
    for await (const row of corpus.rows()) {
      if (row.source.trim() !== '') rows.push({ ...row, origin: corpus.locate(row.index, 'source') });
      if (rows.length === count) break;
    }
  } finally {
    await corpus.close();
  }
  return rows;
}

/** What is shown of validation rows. */
interface Shown {
  readonly attention: ReportAttention[];
  readonly sounds?: ReportSound[];
  readonly checkpoint: string;
  readonly notes: string[];
}

/** The attention, and the sounds where outputs are sounds, of the model as it decodes the first validation rows. */
async function attentionOf(count: number, options: ReportOptions): Promise<Shown> {
  const run = await openRun(options.run);
  const rows = await validationRows(run, count, options);
  if (run.codec.sounds) return (await import('./report-sounds.js')).soundsOfRows(run, rows, options);
  // Loaded here, because it brings an engine along.
  const { LineDecoder } = await import('./decoder.js');
  const decoder = await LineDecoder.open(run, { ...options, nBest: 1 }, options.checkpoint);
  try {
    const lines = rows.map(({ source }) => source);
    const results = await decoder.decode(lines, {
      onLong: 'truncate',
      attention: true,
      origin: (index) => rows[index]?.origin ?? 'validation',
      signal: options.signal,
      log: options.log,
    });
    const notes: string[] = [];
    const attention = results.flatMap(({ source, outputs: [output] }, i): ReportAttention[] => {
      if (!output?.attention) {
        notes.push(`${rows[i]?.origin}: no attention to show, because the output is empty or was decoded in pieces.`);
        return [];
      }
      return [{ ...output.attention, title: source, reference: rows[i]?.target ?? '', output: output.text }];
    });
    return { attention, checkpoint: decoder.label, notes };
  } finally {
    await decoder.close();
  }
}

/**
 * The same, but where nobody asked for a certain number of maps, a run whose data have moved or that has no checkpoint yet still
 * gets its page, which says what is missing.
 */
async function attentionIfPossible(options: ReportOptions): ReturnType<typeof attentionOf> {
  const { examples, checkpoint, log } = options;
  const nothing = { attention: [], checkpoint: '', notes: [] };
  if (examples === 0 && checkpoint !== undefined) {
    throw new UsageError(
      `--checkpoint ${checkpoint} chooses the model whose attention is shown, but --examples 0 asks for none; leave one of them out`,
    );
  }
  if (examples === 0) return nothing;
  try {
    return await attentionOf(examples ?? EXAMPLES, options);
  } catch (error) {
    const isExpected = error instanceof DataError || error instanceof EngineError;
    if (!isExpected || examples !== undefined || checkpoint !== undefined) throw error;
    log?.(`warning: no attention maps: ${error.message}`);
    return { ...nothing, notes: [`No attention maps: ${error.message}.`] };
  }
}

/** What of a run does not need its model. */
async function foundIn(folder: RunFolder, config: RunConfig): Promise<Omit<ReportData, 'attention' | 'notes'>> {
  return {
    name: basename(resolve(folder.folder)),
    task: config.task,
    validationMetric: config.training.validationMetric,
    facts: [...(await parameterFact(folder)), { name: 'Trained with', value: folder.writtenBy }],
    records: [...readMetrics(folder.paths.metrics)],
    config: await readFile(folder.paths.config, 'utf8'),
    writtenBy: `s2s ${packageVersion()}`,
  };
}

/**
 * Writes a run's report: one HTML page that needs nothing but itself. The run may still be training.
 * @throws DataError for a folder that is no run or has no metrics.jsonl (exit code 66), or a page that cannot be written;
 * UsageError for options that contradict each other
 */
export async function report(options: ReportOptions): Promise<ReportResult> {
  const started = performance.now();
  const folder = await openRunFolder(options.run);
  const { metrics, config: configFile } = folder.paths;
  if (!existsSync(metrics)) {
    throw new DataError(
      `${metrics}: no such file, and it is what a report is made of; restore it, or train the run with s2s train --resume`,
      { missing: true },
    );
  }
  const { config } = await loadRunConfig(configFile, []);
  const found = await foundIn(folder, config);
  const { attention, sounds, checkpoint, notes } = await attentionIfPossible(options);
  const page = renderReport({
    ...found,
    attention,
    ...(sounds ? { sounds } : {}),
    ...(checkpoint === '' ? {} : { checkpoint }),
    notes,
  });
  const path = options.output ?? join(options.run, 'report.html');
  const output = await openOutput(path);
  try {
    await output.write(page.html);
    await output.finish();
  } catch (error) {
    await output.abandon();
    throw error;
  }
  return {
    task: config.task,
    output: path,
    bytes: Buffer.byteLength(page.html),
    records: found.records.length,
    charts: page.charts,
    samples: page.samples,
    attention: attention.length,
    ...(sounds ? { sounds: sounds.length } : {}),
    seconds: (performance.now() - started) / 1000,
  };
}
