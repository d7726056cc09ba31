/** The name that was most likely meant; undefined when none is near. Letter case counts for nothing. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const lowered = given.toLowerCase().slice(0, 64);
  let nearest: string | undefined;
  // More than half of the letters wrong is another word, not a slip.
  let least = Math.ceil(lowered.length / 2.5) + 1;
  for (const name of names) {
    const distance = editDistance(lowered, name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** `; did you mean "…"?` or nothing. */
export function suggestion(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

/** Levenshtein's, row by row. */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, changed));
    }
    above = current;
  }
  return above[right.length] ?? 0;
}
