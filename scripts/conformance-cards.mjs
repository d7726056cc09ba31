/**
 * `npm run conformance`: the score cards of the SDK and of the official connectors, as they are installed, into
 * docs/conformance.md. What stands above them there is written by hand.
 */
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../tests/compat/bundle.mjs';
import { installMissing, ROOT, runScript, SetupError } from './toolchain.mjs';

const FILE = join(ROOT, 'docs', 'conformance.md');
const GENERATED = '\n## Cards\n';

export const CONNECTORS = [
  { product: 'usdm', name: '@binance/derivatives-trading-usds-futures', client: 'usdm-connector.mjs' },
  { product: 'coinm', name: '@binance/derivatives-trading-coin-futures', client: 'coinm-connector.mjs' },
  { product: 'pm', name: '@binance/derivatives-trading-portfolio-margin', client: 'pm-connector.mjs' },
  { product: 'spot', name: '@binance/spot', client: 'spot-connector.mjs' },
];
export const SDK_PRODUCTS = ['usdm', 'coinm', 'options', 'pm', 'spot', 'margin'];

/** Most of a check is waiting for what a client does within seconds of the machine. */
const JOBS = 8;

/** The card of one client. */
export function cardOf(command, product, more = []) {
  const args = [
    join(ROOT, 'bin', 'listenpost'),
    'conformance',
    '--client',
    command,
    '--product',
    product,
    '--jobs',
    String(JOBS),
    '--json',
    ...more,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        said[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      const line = said.stdout.split('\n').find((each) => each.startsWith('{'));
      if (line === undefined) reject(new SetupError(`no card of ${product}:\n${said.stderr}`));
      else resolve({ code, ...JSON.parse(line) });
    });
  });
}

export const quoted = (...words) => words.map((word) => JSON.stringify(word)).join(' ');
export const sdkCommand = () => quoted(process.execPath, bundle('tests/compat/conformance-clients/sdk.mjs'));
export const connectorCommand = (client) =>
  quoted(process.execPath, join(ROOT, 'tests', 'compat', 'conformance-clients', client));

const MARKS = { pass: '✓', fail: '✗', skip: '–' };

function table(cards) {
  const names = [...new Set(cards.flatMap(({ card }) => card.rows.map(({ check }) => check)))];
  const survives = new Map(cards.flatMap(({ card }) => card.rows.map((row) => [row.check, row.survives])));
  const cell = (card, name) => MARKS[card.rows.find(({ check }) => check === name)?.verdict] ?? '';
  return [
    `| Check | A client that survives | ${cards.map(({ title }) => title).join(' | ')} |`,
    `|---|---|${cards.map(() => ':-:|').join('')}`,
    ...names.map(
      (name) => `| \`${name}\` | ${survives.get(name)} | ${cards.map(({ card }) => cell(card, name)).join(' | ')} |`,
    ),
  ].join('\n');
}

/** What the table in a text says under this title, by check; undefined where it has no such column. */
export function verdictsIn(text, title) {
  const cells = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const head = lines.findIndex((line) => cells(line).includes(title));
  if (head === -1) return undefined;
  const column = cells(lines[head]).indexOf(title);
  const rows = lines.slice(head + 2).map(cells);
  const verdictOf = (mark) => Object.keys(MARKS).find((verdict) => MARKS[verdict] === mark);
  return Object.fromEntries(
    rows.filter((row) => row[column] !== '').map((row) => [row[0].replaceAll('`', ''), verdictOf(row[column])]),
  );
}

function reasons({ title, card }) {
  const rows = card.rows.filter(({ verdict }) => verdict !== 'pass');
  return `### ${title}\n\n${rows.map(({ check, verdict, why }) => `- \`${check}\` ${MARKS[verdict]} ${oneLine(why)}`).join('\n')}`;
}

/** Times, ids and counts of one run are no part of a card. */
const oneLine = (text) =>
  text
    .replace(/; seen last: .*$/s, '')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|');

export const versionOf = (name) =>
  JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

async function main() {
  installMissing();
  const sdk = sdkCommand();
  const ours = SDK_PRODUCTS.map((product) => ({ title: `SDK, ${product}`, command: sdk, product }));
  const theirs = CONNECTORS.map(({ product, name, client }) => ({
    title: `\`${name}\` ${versionOf(name)}`,
    command: connectorCommand(client),
    product,
  }));
  // One after the other: a machine that is too busy would be on the cards.
  const made = [];
  for (const { title, command, product } of [...ours, ...theirs])
    made.push({ title, card: await cardOf(command, product) });
  const text = readFileSync(FILE, 'utf8').split(GENERATED)[0];
  const cards = [
    'Made by `npm run conformance`, with the versions that this repository locks. ✓ passed, ✗ failed, – could not be asked; empty: the product has no such thing.',
    'Each connector is used as its own README uses it, with the keepalive that the documentation tells to send, more time for answers where many checks run at once, and nothing else ' +
      '([the programs](../tests/compat/conformance-clients)).',
    table(made),
    ...made.filter(({ card }) => card.rows.some(({ verdict }) => verdict !== 'pass')).map(reasons),
  ];
  writeFileSync(FILE, `${text}${GENERATED}\n${cards.join('\n\n')}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runScript(main);
