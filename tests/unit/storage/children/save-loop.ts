// Saves checkpoint after checkpoint into the run folder given until it is killed; prints each step once it is saved.

import { writeSync } from 'node:fs';
import { removeTemporaries } from '../../../../src/storage/atomic.js';
import {
  checkpointFolder,
  findCheckpoint,
  markBest,
  pruneCheckpoints,
  removeIncomplete,
  saveCheckpoint,
} from '../../../../src/storage/checkpoints.js';

const [folder = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  // What resumeRunFolder does, but for the lock: a killed holder's is taken over only after seconds.
  await removeTemporaries(checkpointFolder(folder));
  await removeIncomplete(folder);
  let step = await findCheckpoint(folder, 'latest');
  for (;;) {
    step += 1;
    const data = new Float32Array(50_000).fill(step);
    const tensors = new Map([['weight', { dtype: 'F32' as const, shape: [data.length], data }]]);
    await saveCheckpoint(folder, { step, tensors, state: { cursor: step } });
    writeSync(1, `${step}\n`);
    if (step % 3 === 0) await markBest(folder, step);
    await pruneCheckpoints(folder, 2);
  }
}

void main();
