/** The single executable in the hands of who has no Node: the README's test in Python, and the bot that it fails. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../scripts/toolchain.mjs';

const EXAMPLE = join(ROOT, 'examples', 'python');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const bot = readFileSync(join(EXAMPLE, 'bot.py'), 'utf8');

const folder = mkdtempSync(join(tmpdir(), 'listenpost-python-'));
after(() => rmSync(folder, { recursive: true }));
const executable = join(folder, 'listenpost');

const missing =
  spawnSync('python3', ['--version']).status === 0
    ? undefined
    : 'python3 is not on this machine; install it, and the example in Python is run';

before(() => {
  if (missing !== undefined) return;
  const compiled = spawnSync(process.execPath, ['scripts/compile.mjs', executable], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(compiled.status, 0, compiled.stderr);
});

function unittest(example) {
  const env = { ...process.env, LISTENPOST: executable, PYTHONDONTWRITEBYTECODE: '1' };
  const args = ['-m', 'unittest', 'discover', example];
  const { status, stderr } = spawnSync('python3', args, { cwd: folder, env, encoding: 'utf8' });
  return { status, text: stderr };
}

test('it passes a bot that listens again when its key has expired', (t) => {
  if (missing !== undefined) return t.skip(missing);
  const { status, text } = unittest(EXAMPLE);
  assert.match(`${status}\n${text}`, /^0\n[\s\S]*\nOK\n$/);
});

test('it fails the bot without the lines that the README shows, and tells what came as it is told there', (t) => {
  if (missing !== undefined) return t.skip(missing);
  const [lines] = bot.match(/ {8}if event\["e"\] == "listenKeyExpired":\n( {12}.*\n)+/);
  assert.ok(readme.includes(`\`\`\`python\n${lines}\`\`\``), lines);
  const careless = join(folder, 'careless');
  cpSync(EXAMPLE, careless, { recursive: true });
  writeFileSync(join(careless, 'bot.py'), bot.replace(lines, ''));
  const { status, text } = unittest(careless);
  assert.equal(status, 1, text);
  const blank = (shown) => shown.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>').replace(/redacted:\w+/g, 'redacted');
  const shown = readme.split('```\n').find((block) => block.startsWith('AssertionError: received'));
  assert.ok(blank(text).includes(blank(shown)), `the README shows\n${shown}\nand it is\n${text}`);
});

test('its test stands whole in the README', () => {
  const [code] = readFileSync(join(EXAMPLE, 'test_expiry.py'), 'utf8').match(/class Expiry[\s\S]*?(?=\n\nif )/);
  assert.ok(readme.includes(`\`\`\`python\n${code}\`\`\``), code);
});
