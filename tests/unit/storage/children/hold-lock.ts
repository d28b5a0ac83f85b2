// Locks the folder given, says so, and then does what the second argument names: ends, waits to be killed, or locks again.

import { writeSync } from 'node:fs';
import { lockFolder } from '../../../../src/storage/lock.js';

const [folder = '', then] = process.argv.slice(2);

async function main(): Promise<void> {
  try {
    await lockFolder(folder);
    writeSync(1, 'locked\n');
  } catch (error) {
    writeSync(1, `${error instanceof Error ? `${error.name}: ${error.message}` : error}\n`);
  }
  if (then === 'wait') setInterval(() => undefined, 1000);
}

void main();
