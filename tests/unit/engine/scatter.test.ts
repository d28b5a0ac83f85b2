// Sums of rows that share an index, the gradient of an embedding: exact, whatever repeats, and the same every time.
import { describe, expect, it } from 'vitest';
import { gather, mul, sum, type Tensor, unsortedSegmentSum, valueAndGrads } from '../../../src/engine/ops.js';
import type { HostTensor } from '../../../src/engine/types.js';
import { Random } from '../../../src/random.js';
import { ENGINES, floats, ints, programOf, useEngine } from './support.js';

const CLASSES = 7;
const WIDTH = 8;

/** Whole numbers, whose sums float32 holds exactly in any order, and ids of which most are the same. */
function rows(count: number): { values: HostTensor; ids: HostTensor } {
  const random = new Random(2, 'scatter');
  return {
    values: floats(
      Array.from({ length: count * WIDTH }, () => random.integer(9) - 4),
      [count, WIDTH],
    ),
    ids: ints(Array.from({ length: count }, () => (random.integer(4) > 0 ? 3 : random.integer(CLASSES - 1)))),
  };
}

function summed({ values, ids }: { values: HostTensor; ids: HostTensor }): Float32Array {
  const result = new Float32Array(CLASSES * WIDTH);
  ids.data.forEach((id, i) => {
    for (let j = 0; j < WIDTH; j++) result[id * WIDTH + j] = result[id * WIDTH + j]! + values.data[i * WIDTH + j]!;
  });
  return result;
}

const bytes = ({ data }: HostTensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe.each(ENGINES)('rows that share an index on %s', (engineName) => {
  const engine = useEngine(engineName);
  const inputs = { values: { shape: ['N', WIDTH], dtype: 'float32' }, ids: { shape: ['N'], dtype: 'int32' } } as const;

  it('are all added up, in each of ten runs', async () => {
    const { run } = await engine().compile(
      programOf(inputs, ({ values, ids }) => ({
        outputs: { y: unsortedSegmentSum(values as Tensor, ids as never, CLASSES) },
      })),
    );
    for (const count of [1, 2, 4000]) {
      const given = rows(count);
      const expected = Buffer.from(summed(given).buffer);
      for (let i = 0; i < 10; i++) expect(expected.equals(bytes((await run(given)).y!)), `run ${i}`).toBe(true);
    }
  });

  it('are added in the same order every time', async () => {
    const { run } = await engine().compile(
      programOf(inputs, ({ values, ids }) => ({
        outputs: { y: unsortedSegmentSum(mul(values as Tensor, 0.1), ids as never, CLASSES) },
      })),
    );
    const given = rows(4000);
    const first = bytes((await run(given)).y!);
    for (let i = 0; i < 10; i++) expect(first.equals(bytes((await run(given)).y!)), `run ${i}`).toBe(true);
  });

  it('get the gradient of the gathered rows', async () => {
    const { run } = await engine().compile(
      programOf({ ...inputs, table: { shape: [CLASSES, WIDTH], dtype: 'float32' } }, ({ values, ids, table }) => {
        const loss = (t: Tensor) => sum(mul(gather(t, ids as Tensor), values as Tensor)) as never;
        return { outputs: { gradient: valueAndGrads(loss)([table as Tensor]).grads[0] as Tensor } };
      }),
    );
    const given = rows(3000);
    const table = floats(new Array(CLASSES * WIDTH).fill(1), [CLASSES, WIDTH]);
    const expected = summed(given);
    for (let i = 0; i < 10; i++) expect((await run({ ...given, table })).gradient!.data).toEqual(expected);
  });
});
