// Checks how the sources hang together: who imports whom, cycles, tensor libraries, randomness, file lengths and headers.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * What each part may import besides itself. A part is a folder or file of `src/`, or `bin` or `tasks`; `sections` stands for the
 * configuration schemas `src/<part>/config.ts`. `type:` allows only `import type`, `lazy:` only `import()`. Every part names only
 * parts above it, so there are no cycles between them.
 */
const MAY_IMPORT = {
  errors: '',
  random: '',
  version: '',
  sections: 'errors',
  config: 'errors',
  storage: 'errors',
  logging: 'errors storage',
  metrics: 'errors',
  report: '',
  text: 'errors random sections',
  audio: 'errors random sections',
  data: 'errors random sections',
  engine: 'errors',
  model: 'errors random sections text engine',
  decode: 'errors random sections text data engine model',
  task: 'type:random type:sections type:metrics type:audio type:data type:model',
  train: 'errors random sections storage logging metrics text data engine model decode type:task',
  tasks: 'errors random sections logging metrics text audio data type:task',
  run: 'errors version sections config storage logging metrics report text audio data engine model decode type:task train tasks',
  index: 'errors metrics type:engine run',
  // What loads with every command is light: the rest is reached through `cli/library`, when a command needs it.
  cli: 'errors version config engine/names type:run',
  'cli/library': 'type:cli lazy:engine lazy:tasks lazy:run',
  bin: 'errors cli cli/library',
};

/** Packages that only some parts may import, by the beginning of their names. */
const ONLY_IN = { '@tensorflow/': 'engine', 'onnxruntime-node': 'engine', '@commander-js/': 'cli' };

/** Everything random comes from `src/random.ts`, so that a seed decides it. */
const RANDOM_OPS = new Set([
  ...['randomUniform', 'randomUniformInt', 'randomNormal', 'randomStandardNormal', 'randomGamma'],
  ...['truncatedNormal', 'multinomial'],
]);

const MOST_LINES = 400;

/** Places with sources. `tests/reference` holds scripts that make or check reference data with other programs. */
const SOURCES = ['bin', 'src', 'tasks', 'packages', 'scripts', 'bench', 'fixtures'];
const SKIPPED = new Set(['node_modules', 'dist', 'reference']);

/** The source files below a folder, as paths relative to `root` with `/`. */
function sourceFiles(root, folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => !SKIPPED.has(name))
    .flatMap((name) => {
      const file = `${folder}/${name}`;
      if (statSync(join(root, file)).isDirectory()) return sourceFiles(root, file);
      return /\.(ts|mjs)$/.test(name) ? [file] : [];
    });
}

/** The part that a file belongs to, as in {@link MAY_IMPORT}, or its package; undefined for scripts and the like. */
function partOf(file) {
  const [top, second = '', ...rest] = file.split('/');
  if (top === 'bin' || top === 'tasks') return top;
  if (top === 'packages' && rest[0] === 'src') return `packages/${second}`;
  if (top !== 'src') return undefined;
  if (rest.length === 1 && rest[0] === 'config.ts') return 'sections';
  const path = withoutExtension(file.slice('src/'.length));
  return path in MAY_IMPORT ? path : withoutExtension(second);
}

const withoutExtension = (path) => path.replace(/\.(ts|mjs|js)$/, '');

/** The file that a relative import means, if there is one: TypeScript imports `x.ts` as `x.js`. */
function resolveImport(root, from, specifier) {
  const path = relative(root, resolve(root, dirname(from), specifier))
    .split(sep)
    .join('/');
  return [path.replace(/\.js$/, '.ts'), path].find((candidate) => existsSync(join(root, candidate)));
}

/** Imports of a file (`kind`: value, type or lazy) and its uses of randomness, each with its line. */
function readSource(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const imports = [];
  const random = [];
  const lineOf = (node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const visit = (node) => {
    const named = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
    if (named && ts.isStringLiteral(named)) {
      const isType = ts.isExportDeclaration(node) ? node.isTypeOnly : Boolean(node.importClause?.isTypeOnly);
      imports.push({ specifier: named.text, kind: isType ? 'type' : 'value', line: lineOf(node) });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument))
        imports.push({ specifier: argument.text, kind: 'lazy', line: lineOf(node) });
    }
    if (ts.isPropertyAccessExpression(node) && /^Math\??\.random$/.test(node.getText(source)))
      random.push({ name: 'Math.random', line: lineOf(node) });
    if (ts.isIdentifier(node) && RANDOM_OPS.has(node.text)) random.push({ name: node.text, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, random };
}

/** Whether `rule` (a value of {@link MAY_IMPORT}) lets a file import `target` of part `part` in this way. */
function isAllowed(rule, kind, part, target) {
  const path = withoutExtension(target.replace(/^src\//, ''));
  return rule.split(' ').some((entry) => {
    const [, only, name] = /^(?:(type|lazy):)?(.*)$/.exec(entry);
    return (name === part || name === path) && (only === undefined || only === kind || kind === 'type');
  });
}

/** The problem of one import, if any. */
function importProblem(from, { specifier, kind }, target) {
  const part = partOf(from);
  if (part === undefined) return undefined;
  const inPackage = part.startsWith('packages/');
  if (target === undefined) {
    if (specifier.startsWith('.')) return `imports ${specifier}, which does not exist`;
    if (inPackage) return `imports ${specifier}, but ${part} must run anywhere, without dependencies`;
    const rule = Object.entries(ONLY_IN).find(([start]) => specifier.startsWith(start));
    return rule && rule[1] !== part ? `imports ${specifier}, which only ${rule[1]} may` : undefined;
  }
  const other = partOf(target);
  if (other === part) return undefined;
  if (inPackage || other === undefined) return `imports ${target}, which lies outside ${part}`;
  if (isAllowed(MAY_IMPORT[part], kind, other, target)) return undefined;
  const how = kind === 'value' ? '' : ` (${kind})`;
  return `${part} may not import ${other}${how}: ${target}; it may import: ${MAY_IMPORT[part] || 'nothing'}`;
}

/** Cycles of imports between files, each as `a → b → a`. */
function cycles(graph) {
  const found = [];
  const done = new Set();
  const visit = (file, path) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Entries of {@link MAY_IMPORT} that do not name a part above them. */
function tableProblems() {
  const parts = Object.keys(MAY_IMPORT);
  return parts.flatMap((part, i) =>
    MAY_IMPORT[part]
      .split(' ')
      .map((entry) => entry.replace(/^.*:/, ''))
      .filter((name) => name !== '' && !parts.slice(0, i).includes(parts.includes(name) ? name : name.split('/')[0]))
      .map((name) => `the table of this check: ${part} names ${name}, which is no part above it`),
  );
}

/** Every problem below `root`, as `file:line: what is wrong`. */
function findProblems(root) {
  const problems = tableProblems();
  const graph = new Map();
  const sources = SOURCES.flatMap((folder) => sourceFiles(root, folder));
  const isTest = (file) => /(^|\/)tests\//.test(file);
  for (const file of [...sources, ...sourceFiles(root, 'tests')]) {
    const text = readFileSync(join(root, file), 'utf8');
    const lines = text.replace(/\n$/, '').split('\n');
    if (lines.length > MOST_LINES)
      problems.push(`${file}: has ${lines.length} lines; at most ${MOST_LINES}, so split it`);
    const header = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
    if (!isTest(file) && !header?.startsWith('// ')) {
      problems.push(`${file}:1: must start with a one-line comment saying what the file is for`);
    }
    const part = partOf(file);
    if (part && !part.startsWith('packages/') && !(part in MAY_IMPORT)) {
      problems.push(`${file}: ${part} is no part that the table of this check names`);
      continue;
    }
    const { imports, random } = readSource(file, text);
    for (const { name, line } of random) {
      problems.push(`${file}:${line}: uses ${name}; take a seeded Random of src/random.ts`);
    }
    for (const found of imports) {
      const target = found.specifier.startsWith('.') ? resolveImport(root, file, found.specifier) : undefined;
      const problem = importProblem(file, found, target);
      if (problem) problems.push(`${file}:${found.line}: ${problem}`);
      if (target && part) graph.set(file, [...(graph.get(file) ?? []), target]);
    }
  }
  problems.push(...cycles(graph).map((cycle) => `cycle: ${cycle}`));
  return problems;
}

const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..'));
const problems = findProblems(root);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log('structure: no problems');
