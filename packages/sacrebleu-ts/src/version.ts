// The version that signatures carry.

/** This package's version. The prefix keeps a signature from being taken for one that Python's sacreBLEU printed. */
export const VERSION = 'ts-0.1.0';
