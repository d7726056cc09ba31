import { describe, expect, test } from 'bun:test';
import { ENDPOINTS, WS_APIS } from '../../packages/protocol/src/index.ts';
import { dependencyFaults, lockfileFaults, methodFileFaults, PRODUCT_BRANCHES, RULES } from './rules.ts';
import { readTree } from './source.ts';

/** The rules and their samples name what they forbid. */
const OWN_FOLDER = 'tests/tidy/';

const tree = readTree().filter(({ path }) => !path.startsWith(OWN_FOLDER));

describe('the repository', () => {
  test.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
    expect(tree.flatMap((file) => rule.check(file))).toEqual([]);
  });

  test('has one handler file per operation, in the wire’s spelling', () => {
    const operations = [...ENDPOINTS.map((row) => row.operation), ...WS_APIS.flatMap((api) => [...api.methods.keys()])];
    const paths = tree.map(({ path }) => path).filter((path) => /^packages\/core\/src\/methods\/.+\.ts$/.test(path));
    expect(methodFileFaults(paths, new Set(operations))).toEqual([]);
  });

  test('says of every dependency why it is there, and of nothing else', () => {
    const manifests = tree.filter(({ path }) => /^(?:packages\/[^/]+\/|docs\/api\/)?package\.json$/.test(path));
    const document = tree.find(({ path }) => path === 'docs/dependencies.md');
    expect(dependencyFaults(manifests, document?.text ?? '')).toEqual([]);
  });

  test('locks the packages of every platform', () => {
    const lockfile = tree.find(({ path }) => path === 'package-lock.json');
    expect(lockfileFaults(lockfile?.text ?? '{"packages":{}}')).toEqual([]);
  });

  test('lets a product’s name decide only in files that exist', () => {
    const paths = tree.map(({ path }) => path);
    expect(Object.keys(PRODUCT_BRANCHES).filter((path) => !paths.includes(path))).toEqual([]);
  });
});

describe('the alarm rings', () => {
  const samples = (kind: 'finds' | 'passes') =>
    RULES.flatMap((rule) =>
      rule[kind].map((file) => [`${rule.name}: ${file.path}: ${file.text}`, rule, file] as const),
    );

  test.each(samples('finds'))('for %s', (_, rule, file) => {
    expect(rule.check(file)).not.toEqual([]);
  });

  test.each(samples('passes'))('not for %s', (_, rule, file) => {
    expect(rule.check(file)).toEqual([]);
  });

  test('when a handler file and the tables disagree', () => {
    const folder = 'packages/core/src/methods';
    const operations = new Set(['session.logon', 'ping']);
    const faults = methodFileFaults(
      [`${folder}/session.logOn.ts`, `${folder}/ping.ts`, `${folder}/index.ts`],
      operations,
    );
    expect(faults).toHaveLength(2);
  });

  test('when a dependency and its reason do not come together', () => {
    const manifest = { path: 'package.json', text: '{"dependencies":{"ws":"1","pino":"1","@listenpost/core":"1"}}' };
    const document = '| `pino` | writes the log |\n| `zod` | checks the config |\n| `ws` | |\n';
    const faults = dependencyFaults([manifest], document);
    expect(faults.join('\n')).toMatch(/^package.json: ws .*\n.*zod is no dependency/);
  });

  test('when the lockfile lacks the package of a platform', () => {
    const biome = { optionalDependencies: { 'biome-darwin': '1', 'biome-linux': '1' } };
    const packages = { 'node_modules/biome': biome, 'node_modules/biome-linux': {} };
    expect(lockfileFaults(JSON.stringify({ packages }))).toHaveLength(1);
  });

  test('when it reads the whole repository', () => {
    expect(tree.length).toBeGreaterThan(40);
    expect(tree.map(({ path }) => path)).toContain('packages/core/src/journal.ts');
  });
});
