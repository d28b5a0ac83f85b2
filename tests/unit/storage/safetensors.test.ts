import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.js';
import {
  digestSafetensors,
  openSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  type StoredTensor,
  writeSafetensors,
} from '../../../src/storage/safetensors.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 's2s-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const f32 = (shape: number[], ...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

const bytesOf = ({ data }: StoredTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** A file made of any header and data, whether they agree or not. */
function forge(header: string | Uint8Array, dataBytes = 0, length?: bigint): string {
  const file = path.join(folder, 'forged.safetensors');
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  writeFileSync(file, Buffer.concat([prefix, text, Buffer.alloc(dataBytes)]));
  return file;
}

/** The message of the DataError that reading a file ends with. */
async function complaint(file: string): Promise<string> {
  const error = await readSafetensors(file).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  const { message } = error as DataError;
  expect(message).toContain(file);
  return message;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('writing and reading', () => {
  it('returns what was written, of every element type', async () => {
    const file = path.join(folder, 'all.safetensors');
    const tensors = new Map<string, StoredTensor>([
      ['u8', { dtype: 'U8', shape: [3], data: Uint8Array.of(0, 1, 255) }],
      ['i8', { dtype: 'I8', shape: [1], data: Int8Array.of(-5) }],
      ['bool', { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }],
      ['i16', { dtype: 'I16', shape: [1], data: Int16Array.of(-300) }],
      ['u16', { dtype: 'U16', shape: [1], data: Uint16Array.of(60000) }],
      ['f16', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }],
      ['bf16', { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) }],
      ['i32', { dtype: 'I32', shape: [1, 1], data: Int32Array.of(-7) }],
      ['u32', { dtype: 'U32', shape: [1], data: Uint32Array.of(4e9) }],
      ['f32', f32([2, 2], Number.NaN, -0, Number.NEGATIVE_INFINITY, 1e-45)],
      ['i64', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
      ['u64', { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 63n) }],
      ['f64', { dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) }],
      ['empty', f32([0, 5])],
    ]);
    const digest = await writeSafetensors(file, tensors, { b: 'two', a: 'one' });
    const read = await readSafetensors(file);
    expect(read.metadata).toEqual({ a: 'one', b: 'two' });
    expect(read.tensors).toEqual(tensors);
    const content = readFileSync(file);
    expect(digest).toEqual({ bytes: content.length, crc32: crc32(content) });
    expect(read.digest).toEqual(digest);
    expect(digestSafetensors(tensors, { a: 'one', b: 'two' })).toEqual(digest);
  });

  it('round-trips any names, shapes and bits, aligned and in an order of its own', async () => {
    const tensor = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const array = fc.array(fc.float(), { minLength: length, maxLength: length });
      return fc.tuple(fc.constantFrom('F32', 'I64', 'U8'), array).map(([dtype, values]): StoredTensor => {
        if (dtype === 'F32') return { dtype, shape, data: Float32Array.from(values) };
        if (dtype === 'I64') return { dtype: 'I64', shape, data: BigInt64Array.from(values, (_, i) => BigInt(i)) };
        return { dtype: 'U8', shape, data: Uint8Array.from(values, (_, i) => i) };
      });
    });
    const name = fc.string({ unit: 'grapheme' }).filter((s) => s !== '__proto__' && s !== '__metadata__');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key }), async (entries) => {
        const file = path.join(folder, 'any.safetensors');
        await writeSafetensors(file, new Map(entries));
        const first = readFileSync(file);
        await writeSafetensors(file, new Map(entries.toReversed()));
        expect(readFileSync(file).equals(first)).toBe(true);
        const { tensors } = await readSafetensors(file);
        expect(tensors.size).toBe(entries.length);
        for (const [key, { dtype, shape, data }] of entries) {
          const found = tensors.get(key);
          expect([found?.dtype, found?.shape]).toEqual([dtype, shape]);
          expect(found && bytesOf(found)).toEqual(bytesOf({ dtype, shape, data } as StoredTensor));
        }
        const dataStart = 8 + Number(first.readBigUInt64LE());
        expect(dataStart % 8).toBe(0);
        for (const { begin, dtype } of (await readSafetensorsHeader(file)).tensors.values()) {
          expect(begin % (dtype === 'I64' ? 8 : dtype === 'F32' ? 4 : 1)).toBe(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('writes a view of a larger buffer as the view alone', async () => {
    const file = path.join(folder, 'view.safetensors');
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    await writeSafetensors(file, new Map([['v', { dtype: 'F32' as const, shape: [2], data }]]));
    expect((await readSafetensors(file)).tensors.get('v')?.data).toEqual(Float32Array.of(2, 3));
  });

  it('reads only what is selected, and single tensors lazily', async () => {
    const file = path.join(folder, 'lazy.safetensors');
    await writeSafetensors(
      file,
      new Map([
        ['model.a', f32([1], 1)],
        ['optimizer.a', f32([1], 2)],
      ]),
    );
    const { tensors } = await readSafetensors(file, (name) => name.startsWith('model.'));
    expect([...tensors.keys()]).toEqual(['model.a']);
    const source = await openSafetensors(file);
    expect((await source.read('optimizer.a')).data).toEqual(Float32Array.of(2));
    await expect(source.read('b')).rejects.toThrow('no tensor "b"');
    await source.close();
  });

  it('refuses to write a tensor that contradicts itself', async () => {
    const file = path.join(folder, 'never.safetensors');
    await expect(writeSafetensors(file, new Map([['x', f32([3], 1, 2)]]))).rejects.toThrow(TypeError);
    await expect(writeSafetensors(file, new Map([['__metadata__', f32([1], 1)]]))).rejects.toThrow('reserved');
  });

  it('reads a file of the reference implementation and writes one that it reads (tests/reference/safetensors)', async () => {
    const reference = (name: string) => fileURLToPath(new URL(`../../reference/safetensors/${name}`, import.meta.url));
    const { tensors, metadata } = await readSafetensors(reference('python.safetensors'));
    expect(metadata).toEqual({ made_by: 'safetensors (Python)' });
    expect(tensors).toEqual(
      new Map<string, StoredTensor>([
        ['ids', { dtype: 'I64', shape: [3], data: BigInt64Array.of(-(2n ** 53n) - 1n, 0n, 7n) }],
        ['scalar', { dtype: 'F64', shape: [], data: Float64Array.of(3.5) }],
        ['empty', f32([0, 4])],
        ['weight', f32([2, 3], 0.5, -1.5, 2.25, Number.POSITIVE_INFINITY, 1e-30, -0)],
        ['steps', { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) }],
        ['half', { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
        ['größe 🙂', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
        ['mask', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ]),
    );
    const file = path.join(folder, 'ours.safetensors');
    await writeSafetensors(file, tensors, metadata);
    expect(readFileSync(file).equals(readFileSync(reference('s2s.safetensors')))).toBe(true);
  });
});

describe('damaged and hostile files', () => {
  it.each<[string, string, number, string]>([
    ['no JSON', '{"a":', 0, 'not valid JSON'],
    ['no object', '[]      ', 0, 'not a JSON object'],
    ['offsets past the end', `{"a":${entry(0, 16)}}`, 8, 'bytes 0 to 16, but the file has 8 bytes of data'],
    ['offsets reversed', `{"a":${entry(8, 0, [2])}}`, 8, 'bytes 8 to 0'],
    ['overlap', `{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12, 'tensor "b" overlaps the one before it'],
    ['hole', `{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12, 'tensor "b" leaves 4 unused bytes'],
    ['hole at the start', `{"a":${entry(4, 8)}}`, 8, 'leaves 4 unused bytes'],
    ['bytes that belong to nothing', `{"a":${entry(0, 4)}}`, 8, '4 bytes after the last tensor'],
    ['shape against bytes', `{"a":${entry(0, 8, [3])}}`, 8, 'F32 [3] does not fit its 8 bytes'],
    ['shape that overflows', `{"a":${entry(0, 8, [2 ** 52, 2 ** 52])}}`, 8, 'does not fit'],
    ['negative size', `{"a":${entry(0, 8, [-2, -1])}}`, 8, 'tensor "a": .shape.0'],
    ['fractional size', `{"a":${entry(0, 8, [0.5, 4])}}`, 8, 'tensor "a": .shape.0'],
    ['unknown element type', `{"a":${entry(0, 8, [2], 'F33')}}`, 8, 'tensor "a": .dtype'],
    ['entry of another form', '{"a":null}', 0, 'tensor "a":'],
    ['a name twice', `{"a":${entry(0, 4)},"\\u0061":${entry(4, 8)}}`, 8, 'the name "a" twice'],
    ['a member twice', '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4, '"dtype" twice'],
    ['__proto__', `{"__proto__":${entry(0, 4)}}`, 4, 'the name "__proto__"'],
    ['__proto__ in the metadata', '{"__metadata__":{"__proto__":"x"}}', 0, 'metadata'],
    ['metadata of another form', '{"__metadata__":{"a":1}}', 0, 'metadata is not an object of strings'],
  ])('%s', async (_, header, dataBytes, expected) => {
    const message = await complaint(forge(header, dataBytes));
    expect(message).toContain(expected);
    expect(message).toContain('use an earlier checkpoint');
  });

  it('checks the header length before it allocates', async () => {
    expect(await complaint(forge('{}', 0, 2n ** 63n))).toContain('more than the 100000000 allowed');
    expect(await complaint(forge('{}', 0, 99_999_999n))).toContain('but the file has 10');
  });

  it('refuses text that is not UTF-8', async () => {
    expect(await complaint(forge(Uint8Array.of(0x7b, 0xff, 0x7d)))).toContain('not valid JSON');
  });

  it('refuses a file cut short at any byte, and says so for an absent one with exit code 66', async () => {
    const file = path.join(folder, 'whole.safetensors');
    await writeSafetensors(file, new Map([['a', f32([2], 1, 2)]]));
    const whole = readFileSync(file);
    const cut = path.join(folder, 'cut.safetensors');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(cut, whole.subarray(0, length));
      await complaint(cut);
    }
    const absent = await readSafetensors(path.join(folder, 'absent')).catch((error: unknown) => error);
    expect(absent).toMatchObject({ name: 'DataError', exitCode: 66 });
    expect(await complaint(folder)).toContain('found a folder');
  });

  it('never fails with anything but a DataError on random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(70), async (bytes, length) => {
        const error = await readSafetensors(forge(bytes, 0, BigInt(length))).catch((reason: unknown) => reason);
        if (error instanceof Error) expect(error).toBeInstanceOf(DataError);
      }),
    );
  });
});
