import { expect, test } from 'bun:test';
import { sentenceOf } from './command-error.ts';
import { readableLine } from './log.ts';
import { table } from './output.ts';

test('a table pads its columns to their widest cell', () => {
  const rows = [
    ['k1', 'demo', '1'],
    ['k1000', 'a', ''],
  ];
  expect(table(['ID', 'ACCOUNT', 'N'], rows)).toBe('ID     ACCOUNT  N\nk1     demo     1\nk1000  a');
});

test('a log line is readable on a terminal', () => {
  const line = '{"level":"warn","time":"2026-07-01T13:04:19.123Z","signal":"SIGHUP","port":1,"msg":"reloading"}\n';
  expect(readableLine(line)).toBe('13:04:19 warn  reloading  signal=SIGHUP  port=1');
  const fault =
    '{"level":"error","time":"2026-07-01T13:04:19.123Z","err":{"message":"gone","stack":"…"},"msg":"no luck"}\n';
  expect(readableLine(fault)).toBe('13:04:19 error no luck: gone');
});

test('what the system says by a code is told in words', () => {
  const fault = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: 'ENOENT', path: 'x' });
  expect(sentenceOf(fault)).toBe('x: there is no such file or folder');
  expect(sentenceOf(new Error('as it is'))).toBe('as it is');
});
