/** A real browser, headless: the machine's own Chromium, or Debian's, where it may be installed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** On a slow day an install that takes longer leaves the browser untested, and not the run hanging. */
const INSTALL_WITHIN_MS = 100_000;

/** `{ browser }`, or `{ missing }`: in a sentence, why there is none. */
export async function launchChromium() {
  const faults = existing() === undefined ? install() : undefined;
  const executablePath = existing();
  if (executablePath === undefined) return { missing: `no Chromium at ${PATHS.join(', ')}: ${faults}` };
  return { browser: await chromium.launch({ executablePath }) };
}

const existing = () => PATHS.find((path) => existsSync(path));

/** Undefined, or why not. */
function install() {
  if (process.getuid?.() !== 0) return 'it can be installed by root alone';
  const deadline = Date.now() + INSTALL_WITHIN_MS;
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const timeout = Math.max(1, deadline - Date.now());
    const { status, error, stderr } = spawnSync('apt-get', args, { encoding: 'utf8', env, timeout });
    if (status !== 0) return `apt-get ${args[0]} failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
  }
  return undefined;
}
