// Builds a working @tensorflow/tfjs-node from npm and PyPI alone: its addon from source, against the libtensorflow of TensorFlow's Python wheel.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TFJS_NODE = '4.22.0';
/** 2.12.1, 2.15.1 and 2.18.1 work. Wheels as new as 2.21 are not found under the platform tag asked for below. */
const TENSORFLOW = process.argv[3] ?? '2.15.1';
/** Only the wheel's C++ libraries and headers are used, so this need not be the version of the Python that is here. */
const WHEEL_PYTHON = '3.11';

const target = resolve(process.argv[2] ?? join(tmpdir(), 'tfjs-node-from-source'));

/** Runs a command with its output shown, and ends this script if it fails. */
function run(command, args, cwd = target, env = {}) {
  console.log(`> ${command} ${args[0]} ...`);
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')}: ${error?.message ?? `exit status ${status}`}`);
  process.exit(1);
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`This build is for Linux on x64; this is ${process.platform} on ${process.arch}.`);
  process.exit(1);
}

// The package as npm has it; its install script, which downloads libtensorflow from a separate server, is left out.
mkdirSync(target, { recursive: true });
writeFileSync(join(target, 'package.json'), '{ "private": true }\n');
run('npm', ['install', `@tensorflow/tfjs-node@${TFJS_NODE}`, '--ignore-scripts', '--no-audit', '--no-fund']);
const addon = join(target, 'node_modules', '@tensorflow', 'tfjs-node');

// pip only downloads here and installs nothing, so no virtual environment is needed.
const wheels = join(target, 'wheel');
rmSync(wheels, { recursive: true, force: true });
const pick = [
  '--python-version',
  WHEEL_PYTHON,
  '--platform',
  'manylinux_2_17_x86_64',
  '--only-binary=:all:',
  '--no-deps',
];
run('python3', ['-m', 'pip', 'download', '--dest', wheels, ...pick, `tensorflow-cpu==${TENSORFLOW}`]);
const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl'));

// binding.gyp reads deps/include and links -ltensorflow and -ltensorflow_framework from deps/lib, which it also makes
// the addon's run path. The libraries keep the names they know each other by; the linker's names are links to them.
const deps = join(addon, 'deps');
const lib = join(deps, 'lib');
const unpack = `
import pathlib, shutil, sys, zipfile
wheel, deps = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
for name in wheel.namelist():
    place, _, rest = name.removeprefix('tensorflow/').partition('/')
    if place == 'include':
        to = deps / 'include' / rest
    elif place in ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'):
        to = deps / 'lib' / place
    else:
        continue
    if name.endswith('/'):
        continue
    to.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(name) as src, open(to, 'wb') as dst:
        shutil.copyfileobj(src, dst, 1 << 20)
`;
rmSync(deps, { recursive: true, force: true });
run('python3', ['-c', unpack, join(wheels, wheel), deps]);
rmSync(wheels, { recursive: true });
symlinkSync('libtensorflow_cc.so.2', join(lib, 'libtensorflow.so'));
symlinkSync('libtensorflow_framework.so.2', join(lib, 'libtensorflow_framework.so'));

// The package's own script: node-pre-gyp calls npm's copy of node-gyp and puts the addon into lib/napi-v8. Where Node's
// headers lie beside its binary they are used; otherwise node-gyp fetches them.
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
run('npm', ['run', 'build-addon-from-source'], addon, headers);

run(process.execPath, [fileURLToPath(new URL('smoke.mjs', import.meta.url)), target]);
console.log(`@tensorflow/tfjs-node ${TFJS_NODE} works from ${addon}`);
