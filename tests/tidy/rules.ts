/**
 * What the type checker, the formatter and the linter cannot see, as rules that name the replacement. Each rule brings
 * samples that it must find and samples that it must let pass, so that a rule which has gone blind fails by itself.
 */
import { importsOf, isTest, linesWith, type SourceFile, withoutComments, withoutCommentsAndStrings } from './source.ts';

export interface Rule {
  readonly name: string;
  /** One sentence per finding: `path:line: what; what instead`. */
  check(file: SourceFile): string[];
  readonly finds: readonly SourceFile[];
  readonly passes: readonly SourceFile[];
}

const finding = (path: string, line: number, sentence: string): string => `${path}:${line}: ${sentence}`;

const isCode = (path: string): boolean => /\.(ts|tsx|mjs|js)$/.test(path);

/** The package a source file belongs to: `core` for packages/core/src/…; undefined outside the packages. */
const packageOf = (path: string): string | undefined => /^packages\/([^/]+)\/src\//.exec(path)?.[1];

// --- Which package may import what -----------------------------------------------------------------------------------

const PROTOCOL = '@listenpost/protocol';
const CORE = '@listenpost/core';

interface Imports {
  readonly house: readonly string[];
  /** Rooms of the package that may import more of the house than the others, by the beginning of their paths. */
  readonly rooms?: Readonly<Record<string, readonly string[]>>;
  /** Whether the package may import what is not of this repository, as its package.json lists it. */
  readonly outside: boolean;
}

const IMPORTS: Readonly<Record<string, Imports>> = {
  protocol: { house: [], outside: false },
  core: { house: [PROTOCOL], outside: false },
  server: {
    house: [PROTOCOL, CORE],
    rooms: {
      'packages/server/src/commands/': [
        '@listenpost/client',
        '@listenpost/client/sbe',
        '@listenpost/testkit/conformance',
      ],
      'packages/server/src/edge/console-files.ts': ['@listenpost/console/index.html'],
    },
    outside: true,
  },
  client: { house: [PROTOCOL], outside: true },
  testkit: { house: [PROTOCOL, CORE, '@listenpost/client', '@listenpost/server'], outside: true },
  console: { house: [PROTOCOL], outside: true },
};

/** Contract suites and what drives them are not tests themselves: each implementation's test calls them. */
const holdsTestCode = (path: string): boolean => /\/testing\/|\.contract\.ts$/.test(path) || isTest(path);

function importFault(path: string, packageName: string, specifier: string): string | undefined {
  const row = IMPORTS[packageName];
  if (row === undefined) return `packages/${packageName} has no row in IMPORTS of tests/tidy/rules.ts; add one`;
  if (specifier.startsWith('.')) return relativeFault(path, packageName, specifier);
  if (specifier.startsWith('@listenpost/')) {
    const ofRoom = Object.entries(row.rooms ?? {}).flatMap(([room, names]) => (path.startsWith(room) ? names : []));
    const allowed = [...row.house, ...ofRoom];
    if (allowed.includes(specifier)) return undefined;
    return `${packageName} may import ${allowed.join(' and ') || 'nothing of the house'} here, not ${specifier}; move the code to the room whose import it needs`;
  }
  if (row.outside || holdsTestCode(path)) return undefined;
  return `${packageName} runs anywhere and imports nothing from outside, so not ${specifier}; let the server hand it in through a contract of core`;
}

function relativeFault(path: string, packageName: string, specifier: string): string | undefined {
  if (!/\.(tsx?|json)$/.test(specifier)) return `import ${specifier} with its ending .ts`;
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  if (target.startsWith(`packages/${packageName}/`) || holdsTestCode(path)) return undefined;
  return `${specifier} reaches into another room; import its package by name`;
}

const importTable: Rule = {
  name: 'packages import only what the table allows',
  check: ({ path, text }) => {
    const packageName = packageOf(path);
    if (packageName === undefined || !isCode(path)) return [];
    return importsOf(text).flatMap(({ specifier, line }) => {
      const fault = importFault(path, packageName, specifier);
      return fault === undefined ? [] : [finding(path, line, fault)];
    });
  },
  finds: [
    { path: 'packages/protocol/src/a.ts', text: "import { createHash } from 'node:crypto';" },
    { path: 'packages/protocol/src/a.ts', text: "import type { Clock } from '@listenpost/core';" },
    { path: 'packages/core/src/a.ts', text: "export * from '@listenpost/server';" },
    { path: 'packages/core/src/a.ts', text: "const fs = await import('node:fs');" },
    { path: 'packages/core/src/a.ts', text: "import '../../server/src/main.ts';" },
    { path: 'packages/core/src/a.ts', text: "import { b } from './b';" },
    { path: 'packages/client/src/a.ts', text: "import type {\n  Clock,\n} from '@listenpost/core';" },
    { path: 'packages/server/src/admin/a.ts', text: "import { json } from '@listenpost/client';" },
    { path: 'packages/attic/src/a.ts', text: "import { b } from './b.ts';" },
    { path: 'packages/console/src/a.tsx', text: "import { House } from '@listenpost/core';" },
    { path: 'packages/server/src/admin/a.ts', text: "import page from '@listenpost/console/index.html';" },
  ],
  passes: [
    { path: 'packages/core/src/a.ts', text: "import type { Position } from '@listenpost/protocol';" },
    { path: 'packages/core/src/a.test.ts', text: "import { test } from 'bun:test';" },
    { path: 'packages/server/src/a.contract.ts', text: "import { b } from '../../core/src/testing/b.ts';" },
    { path: 'packages/core/src/a.ts', text: "// once from 'node:fs'\nimport { b } from './b/c.ts';" },
    { path: 'packages/server/src/a.ts', text: "import pino from 'pino';" },
    {
      path: 'packages/console/src/a.tsx',
      text: "import { eventRow } from '@listenpost/protocol';\nimport './b/c.tsx';",
    },
    { path: 'packages/server/src/commands/a/b.ts', text: "import { sbe } from '@listenpost/client/sbe';" },
  ],
};

// --- Where the runtime shows -------------------------------------------------------------------------------------------

/** `testkit/src/bun.ts` is what bun:test asks of the testkit; nobody else imports it. */
const BUN_ROOMS = /^packages\/(server\/src\/(edge\/|storage\/|main\.ts$)|testkit\/src\/bun\.ts$)/;

const bunAtTheEdge: Rule = {
  name: 'Bun appears only in the server’s edge, storage and main',
  check: ({ path, text }) => {
    if (packageOf(path) === undefined || !isCode(path) || BUN_ROOMS.test(path) || holdsTestCode(path)) return [];
    const sentence = 'Bun belongs in packages/server/src/edge, storage or main.ts; take it through a contract of core';
    const calls = linesWith(withoutCommentsAndStrings(text), /(?<![.\w$])Bun\b/);
    const imports = importsOf(text).filter(({ specifier }) => specifier === 'bun' || specifier.startsWith('bun:'));
    return [...calls, ...imports.map(({ line }) => line)].map((line) => finding(path, line, sentence));
  },
  finds: [
    { path: 'packages/server/src/admin/a.ts', text: 'const server = Bun.serve({});' },
    { path: 'packages/core/src/a.ts', text: 'export type Server = Bun.Server;' },
    { path: 'packages/server/src/config/a.ts', text: "import { Database } from 'bun:sqlite';" },
  ],
  passes: [
    { path: 'packages/server/src/edge/a.ts', text: 'const server = Bun.serve({});' },
    { path: 'packages/server/src/main.ts', text: 'Bun.argv;' },
    { path: 'packages/server/src/admin/a.ts', text: '// Bun.serve would do\nconst text = "Bun.serve";' },
    { path: 'packages/server/src/admin/a.test.ts', text: "import { test } from 'bun:test';\nBun.file('a');" },
  ],
};

// --- No ambient time, chance or outside world --------------------------------------------------------------------------

interface Ambient {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Tests of core and protocol may print and read fixtures, but their time and chance come in by the door too. */
  readonly inTests: boolean;
}

const CLOCK = 'take the time from Clock';
const RANDOM = 'take chance from Random';
const HAND_IN = 'let the server hand it in through a contract of core';

const AMBIENT: readonly Ambient[] = [
  { pattern: /\bDate\.now\b/, instead: CLOCK, inTests: true },
  { pattern: /\bnew Date\(\s*\)|(?<!new )(?<![.\w$])Date\(/, instead: CLOCK, inTests: true },
  { pattern: /(?<![.\w$])performance\./, instead: CLOCK, inTests: true },
  { pattern: /(?<![.\w$])set(Timeout|Interval|Immediate)\b/, instead: 'set timers with Clock.at', inTests: true },
  { pattern: /\bBun\.sleep/, instead: 'advance the virtual clock', inTests: true },
  { pattern: /\bMath\.random\b/, instead: RANDOM, inTests: true },
  { pattern: /(?<![.\w$])crypto\.(subtle|getRandomValues|randomUUID|randomBytes)\b/, instead: RANDOM, inTests: true },
  { pattern: /(?<![.\w$])process\./, instead: HAND_IN, inTests: false },
  { pattern: /(?<![.\w$])console\./, instead: 'return an outcome; nothing is logged and carried on', inTests: false },
  { pattern: /(?<![.\w$])(fetch|require)\(/, instead: HAND_IN, inTests: false },
  { pattern: /(?<![.\w$])globalThis\b/, instead: HAND_IN, inTests: false },
  { pattern: /\bnew (WebSocket|Worker|BroadcastChannel|EventSource)\b/, instead: HAND_IN, inTests: false },
];

const noAmbientWorld: Rule = {
  name: 'core and protocol read no ambient clock, chance or outside world',
  check: ({ path, text }) => {
    const packageName = packageOf(path);
    if ((packageName !== 'core' && packageName !== 'protocol') || !isCode(path)) return [];
    const code = withoutCommentsAndStrings(text);
    return AMBIENT.filter(({ inTests }) => inTests || !holdsTestCode(path)).flatMap(({ pattern, instead }) =>
      linesWith(code, pattern).map((line) => finding(path, line, `${pattern.source} is ambient; ${instead}`)),
    );
  },
  finds: [
    'const at = Date.now();',
    'const at = new Date();',
    'const at = performance.now();',
    'setTimeout(() => {}, 1);',
    'const timer = setInterval;',
    'const x = Math.random();',
    'const id = crypto.randomUUID();',
    'if (process.env.DEBUG) {}',
    'console.log(1);',
    'await fetch(url);',
    'globalThis.Date;',
    'new WebSocket(url);',
  ].map((text) => ({ path: 'packages/core/src/a.ts', text })),
  passes: [
    { path: 'packages/core/src/a.ts', text: 'const at = clock.now(); // not Date.now()' },
    { path: 'packages/core/src/a.ts', text: 'const text = new Date(instant).toISOString();' },
    { path: 'packages/core/src/a.ts', text: 'house.crypto.verify(key); queueMicrotask(run);' },
    { path: 'packages/core/src/a.ts', text: "const pattern = /'/; const name = 'Date.now'; // isn't Math.random" },
    { path: 'packages/server/src/a.ts', text: 'const at = Date.now();' },
    { path: 'packages/core/src/a.test.ts', text: 'console.log(1);' },
  ],
};

// --- Product differences are columns -----------------------------------------------------------------------------------

/** Files in which a product's name may decide something, each with the reason. */
export const PRODUCT_BRANCHES: Readonly<Record<string, string>> = {
  'packages/protocol/src/products.ts': 'the products table itself: it says which scope names which of its rows',
};

const PRODUCT = `(['"])(?:usdm|coinm|options|pm|pmpro|risk|spot|margin|isolated)(?::[^'"]*)?\\1`;
const BRANCHES_ON_PRODUCT: readonly RegExp[] = [
  new RegExp(`[=!]==?\\s*${PRODUCT}`),
  new RegExp(`${PRODUCT}\\s*[=!]==?`),
  new RegExp(`\\bcase\\s+${PRODUCT}`),
  new RegExp(`${PRODUCT}\\s*\\]\\s*\\.(?:includes|indexOf|some)\\(`),
  new RegExp(`\\.(?:includes|startsWith|has|endsWith)\\(\\s*${PRODUCT}\\s*\\)`),
  /[=!]==?\s*(?:PRODUCTS\.\w+|.*\bPRODUCTS\[)/,
];

const noProductInBranches: Rule = {
  name: 'no product name in a condition',
  check: ({ path, text }) => {
    if (packageOf(path) === undefined || !isCode(path) || holdsTestCode(path)) return [];
    if (Object.hasOwn(PRODUCT_BRANCHES, path)) return [];
    const code = withoutComments(text);
    const lines = new Set(BRANCHES_ON_PRODUCT.flatMap((pattern) => linesWith(code, pattern)));
    return [...lines].map((line) =>
      finding(path, line, 'a product’s name decides here; add a column to the row that differs and branch on that'),
    );
  },
  finds: [
    "if (product.id === 'usdm') go();",
    "const weight = 'coinm' === id ? 1 : 2;",
    "switch (id) {\n  case 'options':\n}",
    "if (names.has('pm')) go();",
    "const flat = ['pm', 'pmpro'].includes(id);",
    "const isolated = scope.startsWith('isolated:');",
    'const silent = product === PRODUCTS.coinm;',
    "return id !== 'spot' && id !== 'margin';",
  ].map((text) => ({ path: 'packages/core/src/a.ts', text })),
  passes: [
    { path: 'packages/core/src/a.ts', text: "const rows = { usdm: 1 }; const id = 'usdm'; // if 'usdm'" },
    { path: 'packages/core/src/a.ts', text: "if (product.announcesShutdown) go('spotless');" },
    {
      path: 'packages/core/src/a.ts',
      text: "if (typeof scope !== 'string') fail('expected a string such as \"spot\"');",
    },
    { path: 'packages/core/src/a.test.ts', text: "if (id === 'usdm') go();" },
  ],
};

// --- Names -------------------------------------------------------------------------------------------------------------

const EMPTY_NAMES =
  /(?:^|[./_-])(?:utils?|helpers?|managers?|common|misc|shared)(?=$|[./_-])|(?:Utils?|Helpers?|Manager)\./i;

const fileNames: Rule = {
  name: 'a file is named by its noun',
  check: ({ path }) =>
    EMPTY_NAMES.test(path)
      ? [
          finding(
            path,
            1,
            'a name that says nothing; name the file by the thing it holds, or put its parts where they are used',
          ),
        ]
      : [],
  finds: [
    'packages/core/src/utils.ts',
    'packages/core/src/time-helpers.ts',
    'packages/core/src/common/a.ts',
    'packages/server/src/key-manager.ts',
  ].map((path) => ({ path, text: '' })),
  passes: ['packages/core/src/router.ts', 'packages/core/src/data/outbox.ts', 'docs/decisions/README.md'].map(
    (path) => ({
      path,
      text: '',
    }),
  ),
};

const declaresTests = (text: string): boolean =>
  /^(?:test|it|describe)(?:\.\w+)*\(/m.test(withoutCommentsAndStrings(text));

/** A user's own tests, which a test of ours puts into a project of its own and runs there. */
const USERS_TESTS = ['tests/compat/testkit-user/', 'examples/expiry-test/'];

const testNames: Rule = {
  name: 'tests are in files that the runner finds',
  check: ({ path, text }) => {
    if (!isCode(path) || USERS_TESTS.some((folder) => path.startsWith(folder))) return [];
    const right = path.startsWith('tests/compat/') ? '.test.mjs' : '.test.ts';
    const wrongEnding = /[._](?:spec|test)\.[a-z]+$/.test(path) && !path.endsWith(right);
    if (!wrongEnding && (path.endsWith(right) || !declaresTests(text))) return [];
    return [finding(path, 1, `this file holds tests; end its name in ${right}, else they never run`)];
  },
  finds: [
    { path: 'packages/core/src/a.spec.ts', text: '' },
    { path: 'packages/core/src/a_test.ts', text: '' },
    { path: 'tests/scenarios/a.ts', text: "test('x', () => {});" },
    { path: 'tests/compat/a.mjs', text: "test('x', () => {});" },
    { path: 'tests/compat/a.test.ts', text: '' },
  ],
  passes: [
    { path: 'tests/scenarios/a.test.ts', text: "test('x', () => {});" },
    { path: 'tests/compat/a.test.mjs', text: "test('x', () => {});" },
    { path: 'packages/core/src/testing/journal-contract.ts', text: 'export function suite() {\n  test(name, run);\n}' },
  ],
};

// --- Tests run whole ---------------------------------------------------------------------------------------------------

const everyTestRuns: Rule = {
  name: 'every test runs',
  check: ({ path, text }) => {
    if (!isCode(path)) return [];
    const code = withoutCommentsAndStrings(text);
    const marks = /\b(?:test|it|describe|suite)\.(?:only|skip|todo|if|skipIf|todoIf|failing)\b|\b[xf](?:it|describe)\(/;
    const options = /\b(?:test|it|describe)\(.*\{\s*(?:only|skip|todo)\b/;
    return [...linesWith(code, marks), ...linesWith(code, options)].map((line) =>
      finding(path, line, 'a test that does not run promises nothing; make it run or delete it'),
    );
  },
  finds: ["test.only('x', run);", "describe.skip('x', run);", "test.todo('x');", "test('x', { skip: true }, run);"].map(
    (text) => ({ path: 'packages/core/src/a.test.ts', text }),
  ),
  passes: [{ path: 'packages/core/src/a.test.ts', text: "test('skip and only are words', run); pattern.test(name);" }],
};

// --- Words -------------------------------------------------------------------------------------------------------------

const SILENCERS = /@ts-(?:ignore|nocheck)|biome-ignore|(?:oxlint|eslint)-disable/;

const noSilencers: Rule = {
  name: 'no checker is silenced',
  check: ({ path, text }) =>
    isCode(path)
      ? linesWith(text, SILENCERS).map((line) =>
          finding(path, line, 'mend what the checker found; a rule that is wrong is changed for all'),
        )
      : [],
  finds: ['// @ts-ignore', '// biome-ignore lint: x', '/* oxlint-disable */'].map((text) => ({
    path: 'scripts/a.mjs',
    text,
  })),
  passes: [{ path: 'packages/core/src/a.test.ts', text: '// @ts-expect-error the row forbids it' }],
};

const nothingUnfinished: Rule = {
  name: 'nothing is left unfinished',
  check: ({ path, text }) =>
    linesWith(text, /\b(?:TODO|FIXME|HACK)\b/).map((line) =>
      finding(path, line, 'finish it, or say in the docs that it is not there'),
    ),
  finds: [{ path: 'packages/core/src/a.ts', text: '// TODO: later' }],
  passes: [{ path: 'packages/core/src/a.ts', text: '// todos are done' }],
};

/** Absolute folders of somebody's machine. `/home` and `/root` never start a path on the wire. */
const MACHINE_PATH = /(?<![\w.\-/}])(?:\/(?:work|farm|root|home|Users)\/[\w.]|[A-Z]:\\\\?Users)/;
const REGISTRY_HOST =
  /registry\.npm(?:js|mirror)\.\w+|"resolved": "https?:|\b(?:verdaccio|artifactory)\b|npm\.pkg\.github/i;

const noMachine: Rule = {
  name: 'no path or registry of a machine',
  check: ({ path, text }) => [
    ...linesWith(text, MACHINE_PATH).map((line) =>
      finding(path, line, 'a path of one machine; make it relative to the repository'),
    ),
    ...linesWith(text, REGISTRY_HOST).map((line) =>
      finding(path, line, 'a registry host; any mirror must serve, so leave the choice to npm'),
    ),
  ],
  finds: [
    { path: 'scripts/a.mjs', text: "const folder = '/home/me/listenpost';" },
    { path: 'README.md', text: 'see `/' + 'root/listenpost`' },
    { path: 'package-lock.json', text: '"resolved": "https://registry.' + 'npmjs.org/ws/-/ws-8.23.0.tgz"' },
  ],
  passes: [
    { path: 'packages/core/src/a.ts', text: "const path = '/fapi/v1/listenKey'; const home = '../home/a.ts';" },
    { path: 'package-lock.json', text: '"resolved": "packages/core"' },
    { path: 'README.md', text: 'https://example.com/home/page' },
  ],
};

export const RULES: readonly Rule[] = [
  importTable,
  bunAtTheEdge,
  noAmbientWorld,
  noProductInBranches,
  fileNames,
  testNames,
  everyTestRuns,
  noSilencers,
  nothingUnfinished,
  noMachine,
];

// --- Rules about several files at once -----------------------------------------------------------------------------------

/** Parts that the handlers share are in kebab-case or one of these; a name in the wire's spelling is a wire method's. */
const METHOD_PARTS = new Set(['index', 'handler']);

/** `paths` under packages/core/src/methods against the operations of the tables, both ways. */
export function methodFileFaults(paths: readonly string[], operations: ReadonlySet<string>): string[] {
  const names = paths
    .filter((path) => !isTest(path))
    .map((path) => path.replace(/^packages\/core\/src\/methods\//, '').replace(/\.ts$/, ''));
  const missing = [...operations].filter((operation) => !names.includes(operation));
  const strangers = names.filter(
    (name) => !operations.has(name) && !METHOD_PARTS.has(name) && !/^[a-z]+(-[a-z]+)+$/.test(name),
  );
  return [
    ...missing.map((name) => `packages/core/src/methods/${name}.ts is missing: the tables have the operation ${name}`),
    ...strangers.map(
      (name) => `packages/core/src/methods/${name}.ts: no table has an operation ${name}; name it as on the wire`,
    ),
  ];
}

/** Package names in the first column of the tables of docs/dependencies.md, and those in the package.json files. */
export function dependencyFaults(manifests: readonly SourceFile[], document: string): string[] {
  const explained = new Set(
    [...document.matchAll(/^\| `([^`]+)` \|[^|\n]*[^|\s][^|\n]*\|/gm)].map((match) => match[1] ?? ''),
  );
  const used = new Map(
    manifests.flatMap(({ path, text }) => dependenciesOf(text).map((name) => [name, path] as const)),
  );
  return [
    ...[...used]
      .filter(([name]) => !explained.has(name))
      .map(([name, path]) => `${path}: ${name} has no row in docs/dependencies.md; say in one line why we need it`),
    ...[...explained]
      .filter((name) => !used.has(name))
      .map((name) => `docs/dependencies.md: ${name} is no dependency any more; delete its row`),
  ];
}

function dependenciesOf(manifest: string): string[] {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = JSON.parse(manifest);
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
  return Object.keys(all).filter((name) => !name.startsWith('@listenpost/'));
}

/** `npm ci` refuses a lockfile that lacks another platform's package, also on the platform that never needs it. */
export function lockfileFaults(lockfile: string): string[] {
  const packages: Record<string, { optionalDependencies?: Record<string, string> }> = JSON.parse(lockfile).packages;
  return Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map(
        (name) =>
          `package-lock.json: ${path} may need ${name}, which is not locked; pin a version whose platform packages are all published, and lock it without a node_modules folder`,
      ),
  );
}
