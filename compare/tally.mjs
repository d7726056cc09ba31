/**
 * What a client made of the events that were published for it.
 *
 * `log`: in the order in which it happened, `{callback, stream, number}` for an event at a callback, `{told}` for anything else that
 * its user was told. An event that is missing counts as told where anything at all was told between the events around it.
 */
export function tally(log, published, streams) {
  const counts = { published: published * streams, delivered: 0, missed: 0, silent: 0, duplicated: 0, strangers: 0 };
  for (let stream = 0; stream < streams; stream++) {
    const mine = log.filter((entry) => entry.told !== undefined || entry.stream === stream);
    const times = timesOf(mine.filter(({ callback }) => callback === stream));
    counts.delivered += times.size;
    for (const count of times.values()) counts.duplicated += count - 1;
    // What came at another account's callback is counted as that, and not as missing too.
    for (const missing of missingRuns(timesOf(mine), published)) {
      counts.missed += missing.length;
      if (!toldBetween(mine, missing[0] - 1, missing.at(-1) + 1)) counts.silent += missing.length;
    }
  }
  counts.strangers = log.filter(({ number, stream, callback }) => number > 0 && stream !== callback).length;
  return counts;
}

/** How often each number came; 0 is of the time before. */
function timesOf(log) {
  const times = new Map();
  for (const { number } of log) if (number > 0) times.set(number, (times.get(number) ?? 0) + 1);
  return times;
}

/** Numbers that did not come, one list for each hole. */
function missingRuns(times, published) {
  const runs = [];
  for (let number = 1; number <= published; number++) {
    if (times.has(number)) continue;
    const run = runs.at(-1);
    if (run?.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs;
}

/** After the last that came before the hole, and before the first that came behind it. */
function toldBetween(log, before, behind) {
  const from = log.findLastIndex(({ number }) => number !== undefined && number <= before);
  const until = log.findIndex(({ number }, index) => index > from && number !== undefined && number >= behind);
  return log.slice(from + 1, until === -1 ? undefined : until).some(({ told }) => told !== undefined);
}
