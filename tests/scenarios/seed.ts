/**
 * The seed of a scenario that plays with chance: a fixed one, so that every run is the same, unless another one is asked
 * for: `LISTENPOST_SEED=7 npm test -- kill`. It stands in the test's name, so that a failure says how to have it again.
 */
export function seedOf(usual: number): number {
  const asked = process.env['LISTENPOST_SEED'];
  return asked === undefined ? usual : Number(asked);
}
