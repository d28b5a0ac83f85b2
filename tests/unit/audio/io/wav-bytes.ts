// Writes WAV bytes field by field, so that tests can make good and bad headers alike.

interface WavFields {
  readonly tag?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly bits?: number;
  readonly blockAlign?: number;
  /** `RIFF` unless told; `RIFX` writes big-endian fields, the samples are the caller's. */
  readonly container?: 'RIFF' | 'RIFX' | 'RF64';
  /** What the data chunk says of its size; the truth unless told. */
  readonly dataSize?: number;
  /** What a `ds64` chunk says of it; no such chunk unless told. */
  readonly size64?: bigint;
  /** The subformat's code, which makes the `fmt ` chunk an extensible one. */
  readonly extensible?: number;
  /** Chunks before and after the samples. */
  readonly before?: readonly [string, Buffer][];
  readonly after?: readonly [string, Buffer][];
}

/** Bytes of a WAV file with the given samples, which are 16-bit at 16 kHz on one channel unless the fields say otherwise. */
export function wavBytes(samples: Buffer, fields: WavFields = {}): Buffer {
  const { channels = 1, sampleRate = 16000, bits = 16, container = 'RIFF', extensible } = fields;
  const { blockAlign = Math.ceil(bits / 8) * channels, tag = extensible === undefined ? 1 : 0xfffe } = fields;
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const out = Buffer.alloc(bytes);
    if (container === 'RIFX') out.writeUIntBE(value, 0, bytes);
    else out.writeUIntLE(value, 0, bytes);
    return out;
  };
  const chunk = (id: string, body: Buffer, size = body.length): Buffer =>
    Buffer.concat([Buffer.from(id, 'latin1'), number(size, 4), body, Buffer.alloc(body.length % 2)]);
  const format = [
    number(tag, 2),
    number(channels, 2),
    number(sampleRate, 4),
    number((sampleRate * blockAlign) % 2 ** 32, 4),
    number(blockAlign, 2),
    number(bits, 2),
  ];
  if (extensible !== undefined) {
    const end = Buffer.from('00001000800000aa00389b71', 'hex');
    format.push(number(22, 2), number(bits, 2), number(0, 4), number(extensible, 4), end);
  }
  const chunks: Buffer[] = [];
  if (fields.size64 !== undefined) {
    const body = Buffer.alloc(28);
    body.writeBigUInt64LE(fields.size64, 8);
    chunks.push(chunk('ds64', body));
  }
  for (const [id, body] of fields.before ?? []) chunks.push(chunk(id, body));
  chunks.push(chunk('fmt ', Buffer.concat(format)), chunk('data', samples, fields.dataSize ?? samples.length));
  for (const [id, body] of fields.after ?? []) chunks.push(chunk(id, body));
  const body = Buffer.concat([Buffer.from('WAVE', 'latin1'), ...chunks]);
  return Buffer.concat([Buffer.from(container, 'latin1'), number(body.length, 4), body]);
}

/** 16-bit little-endian bytes. */
export function bytes16(values: readonly number[]): Buffer {
  const out = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) out.writeInt16LE(value, i * 2);
  return out;
}
