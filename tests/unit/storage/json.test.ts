import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKey, jsonNumber, stableJson } from '../../../src/storage/json.js';

describe('stableJson', () => {
  it('does not depend on the order in which members were added', () => {
    expect(stableJson({ b: 1, a: { d: [2, { z: 0, y: undefined }], c: null } })).toBe(
      '{"a":{"c":null,"d":[2,{"z":0}]},"b":1}',
    );
  });

  it('writes non-finite numbers as strings that jsonNumber reads back', () => {
    expect(stableJson([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe(
      '["NaN","Infinity","-Infinity"]',
    );
    fc.assert(
      fc.property(fc.double(), (x) => {
        expect(jsonNumber.parse(JSON.parse(stableJson(x)))).toBe(Object.is(x, -0) ? 0 : x);
      }),
    );
    expect(jsonNumber.safeParse('12').success).toBe(false);
  });

  it('refuses what JSON would lose', () => {
    expect(() => stableJson({ a: { b: new Map([[1, 2]]) } })).toThrow('$.a.b: a Map cannot be stored as JSON');
    expect(() => stableJson([new Float32Array(2)])).toThrow('$[0]: a Float32Array');
    expect(() => stableJson({ n: 1n })).toThrow('$.n: a bigint');
  });

  it('keeps a key __proto__ an ordinary key', () => {
    expect(stableJson(JSON.parse('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  });
});

describe('findDuplicateKey', () => {
  it('finds a key that one object holds twice, however it is spelt', () => {
    expect(findDuplicateKey('{"a":1,"b":{"a":2},"\\u0061" : 3}')).toBe('a');
    expect(findDuplicateKey('[{"a":1},{"b":{"x":1,"x":2}}]')).toBe('x');
  });

  it('finds none in what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findDuplicateKey(JSON.stringify(value))).toBeUndefined();
      }),
    );
  });
});
