// G.711: the 16-bit values of the 256 codes of A-law and µ-law (ITU-T Recommendation G.711, tables 1a to 2b).

/** Values of A-law codes: even bits are inverted, the sign bit is set for positive values; 13 bits, left-aligned in 16. */
export const A_LAW: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const segment = (code >> 4) & 7;
  const step = ((code & 15) << 4) + 8;
  const size = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return (code & 0x80) === 0 ? -size : size;
});

/** Values of µ-law codes: all bits are inverted, and the size carries a bias of 33 steps; 14 bits, left-aligned in 16. */
export const MU_LAW: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const size = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return (code & 0x80) === 0 ? size : -size;
});
