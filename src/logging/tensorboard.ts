// TensorBoard event files: numbers and texts by step, written without TensorFlow.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorCode, storageError } from '../storage/atomic.js';
import { crc32c } from './crc32c.js';

// The messages of tensorflow/core/util/event.proto and framework/summary.proto, encoded field by field.
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A field's key and value in protobuf's wire format. @param value an integer in [0, 2⁵³) for a varint. */
function varintField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + VARINT), ...varint(value)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = field * 8 + FIXED64;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = field * 8 + FIXED32;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

/** A nested message, made of its encoded fields. */
function message(field: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concatenate([Uint8Array.from([...varint(field * 8 + BYTES), ...varint(length)]), ...parts]);
}

const text = (field: number, value: string) => message(field, new TextEncoder().encode(value));

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** A checksum as TFRecord stores it: rotated and offset, so that it can itself be checksummed. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Frames one record: length, its checksum, the data, its checksum (tensorflow/core/lib/io/record_writer). */
function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** An open event file. */
export interface TensorBoardLog {
  /** Logs a number. @param tag its name; a part before a slash groups charts, e.g. `train/loss`. @param step ≥ 0. */
  scalar(tag: string, value: number, step: number): void;
  /** Logs a text, shown as Markdown. @param step ≥ 0. */
  text(tag: string, value: string, step: number): void;
  close(): void;
}

/** Opens a new file; where one of that name exists (two starts within a second), the next free name. */
function openNew(folder: string, seconds: number): { file: string; descriptor: number } {
  for (let i = 0; ; i++) {
    const file = path.join(folder, `events.out.tfevents.${seconds}.${i}`);
    try {
      return { file, descriptor: openSync(file, 'wx') };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw storageError(error, 'writing', file);
    }
  }
}

/**
 * Starts an event file in `folder`; TensorBoard reads all of a folder's files as one run.
 * @param resumeAt the step of the checkpoint that training continues from: TensorBoard then forgets what earlier files hold
 * of later steps.
 * @param now the clock, ms since 1970. It names the file and is written with every value.
 * @throws DataError, here and from every method, when the file cannot be written.
 */
export function openTensorBoard(
  folder: string,
  { resumeAt, now = Date.now }: { resumeAt?: number; now?: () => number } = {},
): TensorBoardLog {
  const { file, descriptor } = openNew(folder, Math.floor(now() / 1000));
  const write = (step: number, content: Uint8Array) => {
    const event = concatenate([doubleField(1, now() / 1000), varintField(2, step), content]);
    try {
      writeFileSync(descriptor, frame(event));
    } catch (error) {
      throw storageError(error, 'writing', file);
    }
  };
  const summary = (step: number, ...value: Uint8Array[]) => write(step, message(5, message(1, ...value)));
  write(0, text(3, 'brain.Event:2'));
  // A session that starts at a step makes all events of that step and later ones obsolete.
  if (resumeAt !== undefined) write(resumeAt + 1, message(7, varintField(1, 1)));
  return {
    scalar: (tag, value, step) => summary(step, text(1, tag), floatField(2, value)),
    text(tag, value, step) {
      const oneString = [varintField(1, 7), message(2, message(2, varintField(1, 1))), text(8, value)];
      summary(step, text(1, tag), message(8, ...oneString), message(9, message(1, text(1, 'text'))));
    },
    close: () => closeSync(descriptor),
  };
}
