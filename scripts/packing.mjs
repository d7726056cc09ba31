/** What packages of this repository have in common on their way to npm. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { npmCommand, packageBin, ROOT, SetupError } from './toolchain.mjs';

/** The path of the tarball that npm makes of a built package, beside its files. */
export function tarballOf(folder) {
  const npm = npmCommand();
  const packed = outputOf(npm.command, [...npm.args, 'pack', '--json', '--ignore-scripts'], folder, npm.shell);
  return join(folder, JSON.parse(packed)[0].filename);
}

/** What npm's own checks let pass: entries that cannot be found, files of the wrong format, types that promise something else. */
export function lintPackage(tarball) {
  outputOf(process.execPath, [packageBin('publint', 'publint'), 'run', '--strict', tarball], ROOT);
  // The package is of ES modules alone; types of other publishers are not asked for over the network.
  const attw = ['--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji'];
  outputOf(process.execPath, [packageBin('@arethetypeswrong/cli', 'attw'), ...attw, tarball], ROOT);
}

export function outputOf(command, args, cwd, shell = false) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (error) throw new SetupError(`${command} could not be started: ${error.message}`);
  if (status !== 0) throw new SetupError(`${args[0]} failed with exit code ${status}:\n${stdout}${stderr}`);
  return stdout;
}
