/**
 * What a fresh clone needs before anything of it can run, with nothing but Node and npm: the dependencies of the
 * lockfile, and the Bun binary among them. Plain JavaScript without dependencies, because it runs before there are any.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const INSTALL_LOCK = join(ROOT, '.installing');
const LOCK_LOOK_MS = 200;

/** A fault the person at the keyboard can mend: printed as its sentence alone. */
export class SetupError extends Error {}

/**
 * Installs what the lockfile asks for, unless it is already there. Package install scripts do not run: nothing here
 * depends on them, and a dependency gets no say over the machine it lands on.
 */
export function installMissing() {
  if (installationFault() === undefined) return;
  const release = takeInstallLock();
  try {
    const fault = installationFault();
    if (fault !== undefined) install(fault);
  } finally {
    release();
  }
}

/**
 * One install at a time: `npm start` and `npm test` begun together on a fresh clone would each empty node_modules under the
 * other. The lock is a file with the installer's process id; one whose process is gone is taken over.
 */
function takeInstallLock() {
  for (;;) {
    try {
      writeFileSync(INSTALL_LOCK, String(process.pid), { flag: 'wx' });
      return () => rmSync(INSTALL_LOCK, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned(INSTALL_LOCK)) rmSync(INSTALL_LOCK, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_LOOK_MS);
  }
}

function isAbandoned(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function install(fault) {
  process.stderr.write(`listenpost: ${fault}; installing with npm ci …\n`);
  const npm = npmCommand();
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  const { status, error, stdout, stderr } = spawnSync(npm.command, [...npm.args, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: npm.shell,
  });
  if (error) throw new SetupError(`npm could not be started (${error.message}). Install npm and try again.`);
  if (status === 0) return;
  throw new SetupError(`npm ci failed with exit code ${status}:\n${stdout}${stderr}`);
}

/**
 * Why node_modules does not hold what package-lock.json says; undefined when it does. The stamp is npm's own
 * node_modules/.package-lock.json, which npm writes last: an interrupted install leaves none.
 */
function installationFault() {
  const stamp = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(stamp)) return 'dependencies are not installed yet';
  const wanted = readJson(join(ROOT, 'package-lock.json')).packages;
  const installed = readJson(stamp).packages;
  const stale = Object.keys(wanted).find((path) => isStale(path, wanted[path], installed[path]));
  return stale === undefined ? undefined : `${stale} is not installed as package-lock.json says`;
}

/** Optional packages are those of other platforms; whether this platform's is there shows when it is needed. */
function isStale(path, wanted, installed) {
  if (path === '' || wanted.optional) return false;
  return installed === undefined || installed.version !== wanted.version || installed.integrity !== wanted.integrity;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** The npm that started us, so that its Node and its settings are the same; else the one in PATH. */
export function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return { command: process.execPath, args: [cli], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

/** The package's own binary, to be run with `process.execPath`. */
export function packageBin(packageName, bin) {
  const folder = join(ROOT, 'node_modules', packageName);
  return join(folder, readJson(join(folder, 'package.json')).bin[bin]);
}

/**
 * The Bun binary inside the registry's platform package. The `bun` package's own command is a placeholder until its
 * install script has run; when somebody did run it, it has moved the binary there.
 */
export function bunBinary() {
  const executable = process.platform === 'win32' ? 'bun.exe' : 'bun';
  const names = bunPackages();
  const inPlatformPackage = names.map((name) => join(ROOT, 'node_modules', '@oven', name, 'bin', executable));
  const found = inPlatformPackage.find((path) => existsSync(path)) ?? movedBinary();
  if (found) return found;
  throw new SetupError(
    `no Bun binary for ${process.platform} ${process.arch} is installed (looked for ${names.map((name) => `@oven/${name}`).join(', ') || 'none: the platform is unknown to Bun'}). ` +
      'Bun runs on Linux, macOS, FreeBSD and Windows on x64 and arm64; if yours is one of them, delete node_modules and try again without --omit=optional.',
  );
}

/** Names of the platform packages that run here, best first; the same choice as in bun's install script. */
function bunPackages() {
  const os = { linux: 'linux', darwin: 'darwin', freebsd: 'freebsd', android: 'linux', win32: 'windows' }[
    process.platform
  ];
  const cpu = { x64: 'x64', arm64: 'aarch64' }[process.arch];
  if (os === undefined || cpu === undefined) return [];
  const translated = process.platform === 'darwin' && cpu === 'x64' && runsUnderRosetta();
  const name = `bun-${os}-${translated ? 'aarch64' : cpu}`;
  if (process.platform === 'android') return [`${name}-android`];
  const musl = process.platform === 'linux' && isMusl();
  return withBaseline(name, musl ? '-musl' : '', cpu);
}

/** Without AVX2 the ordinary x64 build may meet an illegal instruction; the baseline build does not need it. */
function withBaseline(name, libc, cpu) {
  const ordinary = `${name}${libc}`;
  if (cpu !== 'x64') return [ordinary];
  const baseline = `${name}${libc}-baseline`;
  return lacksAvx2() ? [baseline, ordinary] : [ordinary, baseline];
}

function lacksAvx2() {
  return existsSync('/proc/cpuinfo') && !/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}

function isMusl() {
  return !process.report.getReport().header.glibcVersionRuntime;
}

function runsUnderRosetta() {
  return spawnSync('sysctl', ['-n', 'sysctl.proc_translated'], { encoding: 'utf8' }).stdout?.trim() === '1';
}

/** The placeholder is a few hundred bytes of shell, the binary a hundred million. */
const PLACEHOLDER_BYTES_MAX = 1_000_000;

function movedBinary() {
  const path = join(ROOT, 'node_modules', 'bun', 'bin', 'bun.exe');
  return existsSync(path) && statSync(path).size > PLACEHOLDER_BYTES_MAX ? path : undefined;
}

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Runs a program in our place: our streams are its own, our signals go to it, and we end as it ends, by the same exit
 * code or the same signal. Resolves never.
 *
 * On a terminal Ctrl-C reaches the whole foreground group, the program included: forwarding it would make one stroke two.
 */
export function become(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  const forwarded = process.stdin.isTTY ? FORWARDED.filter((signal) => signal !== 'SIGINT') : FORWARDED;
  for (const signal of FORWARDED) process.on(signal, () => forwarded.includes(signal) && child.kill(signal));
  if (process.env.npm_lifecycle_event) endWithParent(() => child.kill('SIGTERM'));
  child.on('error', (error) => endWithSentence(new SetupError(`${command} could not be started: ${error.message}`)));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const PARENT_CHECK_MS = 250;

/** A killed npm cannot pass a signal on: without this, the program would go on holding its ports unseen. */
function endWithParent(end) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, PARENT_CHECK_MS);
  timer.unref();
}

/** `main` with faults of the set-up told as a sentence on stderr, exit 1. */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    endWithSentence(error);
  }
}

function endWithSentence(error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`listenpost: ${error.message}\n`);
  process.exit(1);
}
