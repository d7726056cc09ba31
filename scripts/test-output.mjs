/**
 * What the two test runners say about a run: `{ passed, failed, skipped, failing }`, `failing` being file paths.
 *
 * Both readers err towards failure: a run that ended badly without counting a failure (a crash, a kill, an error
 * outside any test) counts as one failed, so the closing line cannot say that all is well when it is not.
 */

export function readBunOutput({ output, ok }) {
  const lines = plain(output);
  const count = (word) => lastNumber(lines, new RegExp(`^ *(\\d+) ${word}$`));
  return atLeastOneFailure(ok, {
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip') + count('todo'),
    failing: failingBunFiles(lines),
  });
}

/** Bun heads each file's tests with `path:`; a failure belongs to the heading above it. */
function failingBunFiles(lines) {
  const failing = new Set();
  let file = '';
  for (const line of lines) {
    const heading = /^(\S+\.test\.ts):$/.exec(line);
    if (heading) file = heading[1];
    if (file !== '' && (line.startsWith('(fail) ') || line.startsWith('# Unhandled error'))) failing.add(file);
  }
  return [...failing];
}

/** TAP: the closing `# pass N` comments, and the `location` under each `not ok`. */
export function readNodeOutput({ output, ok }) {
  const lines = plain(output);
  const count = (word) => lastNumber(lines, new RegExp(`^# ${word} (\\d+)$`));
  return atLeastOneFailure(ok, {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
    failing: failingNodeFiles(lines),
  });
}

function failingNodeFiles(lines) {
  const failing = new Set();
  let inFailure = false;
  for (const line of lines) {
    if (/^ *(not )?ok /.test(line)) inFailure = /^ *not ok /.test(line);
    const location = /^ *location: '(.+\.mjs):\d+:\d+'$/.exec(line);
    if (inFailure && location) failing.add(location[1]);
  }
  return [...failing];
}

export function sum(results) {
  const total = (field) => results.reduce((count, result) => count + result[field], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    failing: results.flatMap((result) => result.failing),
  };
}

function atLeastOneFailure(ok, result) {
  return ok || result.failed > 0 ? result : { ...result, failed: 1 };
}

function lastNumber(lines, pattern) {
  const found = lines.map((line) => pattern.exec(line)).filter((match) => match !== null);
  return Number(found.at(-1)?.[1] ?? 0);
}

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

function plain(output) {
  return output.replaceAll(COLOUR, '').split(/\r?\n/);
}
