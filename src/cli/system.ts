// Facts about the machine and the installation, for `s2s doctor`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os';
import type { EngineName } from '../engine/names.js';
import { packageVersion } from '../version.js';

/** An engine and the package it needs. */
export interface EngineFacts {
  name: EngineName;
  package: string;
  /** The installed version, or null when the package is not installed. */
  version: string | null;
}

export interface SystemFacts {
  versions: { s2s: string; node: string; icu: string; unicode: string };
  system: { platform: string; arch: string };
  /** `features` are those that matter for matrix products; empty where they cannot be found out. */
  cpu: { model: string; threads: number; features: string[] };
  /** In bytes; `limit` is that of a container, where there is one. */
  memory: { total: number; free: number; limit: number | null };
  engines: EngineFacts[];
}

// Instruction sets that decide how fast matrix products are, x86 then ARM, in the spelling of /proc/cpuinfo.
const FEATURES = [
  ...['avx', 'avx2', 'fma', 'f16c', 'avx_vnni', 'avx512f', 'avx512bw', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16'],
  ...['amx_tile', 'amx_int8', 'amx_bf16', 'neon', 'asimd', 'asimdhp', 'asimddp', 'sve', 'sve2', 'i8mm', 'bf16'],
];

/** Reads the processor's name and the features that matter from the text of /proc/cpuinfo. */
export function parseCpuInfo(text: string): { model: string | undefined; features: string[] } {
  const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (.*)$`, 'mi').exec(text)?.[1]?.trim();
  const flags = new Set((field('flags') ?? field('features') ?? '').split(/\s+/));
  return { model: field('model name'), features: FEATURES.filter((name) => flags.has(name)) };
}

const require = createRequire(import.meta.url);

/** The version of an installed package, or null. */
export function installedVersion(name: string): string | null {
  // Read from the folder, not required: some packages do not export their package.json.
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const { version } = JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version?: string };
      return version ?? null;
    } catch {
      // Not in this folder: look in the next one up.
    }
  }
  return null;
}

const ENGINE_PACKAGES: readonly Omit<EngineFacts, 'version'>[] = [
  { name: 'onnxruntime', package: 'onnxruntime-node' },
  { name: 'tensorflow', package: '@tensorflow/tfjs-node' },
  { name: 'cpu', package: '@tensorflow/tfjs-backend-cpu' },
];

/** Gathers everything `s2s doctor` tells, except speeds. */
export function systemFacts(): SystemFacts {
  let cpuInfo = '';
  try {
    cpuInfo = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    // Only Linux has it.
  }
  const { model, features } = parseCpuInfo(cpuInfo);
  const total = totalmem();
  const limit = process.constrainedMemory();
  return {
    versions: {
      s2s: packageVersion(),
      node: process.versions.node,
      icu: process.versions.icu ?? 'none',
      unicode: process.versions.unicode ?? 'none',
    },
    system: { platform: platform(), arch: arch() },
    cpu: { model: model ?? cpus()[0]?.model.trim() ?? 'unknown', threads: availableParallelism(), features },
    memory: { total, free: freemem(), limit: limit > 0 && limit < total ? limit : null },
    engines: ENGINE_PACKAGES.map((engine) => ({ ...engine, version: installedVersion(engine.package) })),
  };
}
