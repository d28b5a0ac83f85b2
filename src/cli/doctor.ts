// `s2s doctor`: what this machine offers, and how fast it is.
import type { Command } from '@commander-js/extra-typings';
import { EngineError } from '../errors.js';
import type { CliContext } from './context.js';
import { examples, withCommonOptions } from './options.js';
import type { EngineFacts, SystemFacts } from './system.js';

/** Seconds for the speed check of all engines together. */
const SPEED_SECONDS = 5;

/** An engine with its measured speed in GFLOPS (10⁹ floating-point operations a second), or why there is none. */
interface CheckedEngine extends EngineFacts {
  gflops: number | null;
  problem: string | null;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function printReport(
  facts: SystemFacts,
  engines: readonly CheckedEngine[],
  threads: number,
  context: CliContext,
): void {
  const { versions, system, cpu, memory } = facts;
  const limit = memory.limit === null ? '' : `, limited to ${gib(memory.limit)}`;
  context.output.table({
    heading: ['', ''],
    rows: [
      ['s2s', versions.s2s],
      [
        'Node',
        `${versions.node} (ICU ${versions.icu}, Unicode ${versions.unicode}) on ${system.platform} ${system.arch}`,
      ],
      ['CPU', cpu.model],
      ['Threads', threads === cpu.threads ? String(threads) : `${threads} of ${cpu.threads}`],
      ['Features', cpu.features.length === 0 ? 'unknown' : cpu.features.join(' ')],
      ['Memory', `${gib(memory.total)}, ${gib(memory.free)} free${limit}`],
    ],
  });
  context.output.result('');
  context.output.table({
    heading: ['ENGINE', 'PACKAGE', 'VERSION', 'GFLOPS', ''],
    rows: engines.map((engine) => [
      engine.name,
      engine.package,
      engine.version ?? '-',
      engine.gflops === null ? '-' : engine.gflops.toPrecision(3),
      engine.problem ?? '',
    ]),
    right: [3],
  });
}

/** Adds the command to the program. */
export function addDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('Show engines, processor, memory and versions, and measure the speed for about 5 seconds.');
  withCommonOptions(command)
    .addHelpText(
      'after',
      examples('s2s doctor', 's2s doctor --json > doctor.json', 's2s doctor --engine onnxruntime --threads 1'),
    )
    .action(async (options) => {
      const { systemFacts } = await import('./system.js');
      const facts = systemFacts();
      const threads = options.threads ?? facts.cpu.threads;
      const wanted = facts.engines.filter(({ name }) => options.engine === 'auto' || options.engine === name);
      const installed = wanted.filter(({ version }) => version !== null).length;
      const engines: CheckedEngine[] = [];
      for (const engine of wanted) {
        if (engine.version === null) {
          engines.push({ ...engine, gflops: null, problem: 'not installed' });
          continue;
        }
        if (!options.quiet) context.output.log(`measuring ${engine.name} …`);
        try {
          const { gflops } = await context.library.measureSpeed(engine.name, threads, SPEED_SECONDS / installed);
          engines.push({ ...engine, gflops, problem: null });
        } catch (error) {
          // A broken engine is a finding, not a failure of this command.
          const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
          engines.push({ ...engine, gflops: null, problem: `does not work: ${reason}` });
        }
      }
      if (options.json) context.output.json({ ...facts, cpu: { ...facts.cpu, usedThreads: threads }, engines });
      else printReport(facts, engines, threads, context);
      const broken = engines.find(({ name, problem }) => name === options.engine && problem !== null);
      if (broken !== undefined) throw new EngineError(`engine ${broken.name}: ${broken.problem}`);
    });
}
