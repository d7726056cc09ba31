/** Paths as the protocol's tables write them: `o.i`, `a.B[].wb`. */

/** A path taken apart: into a member, or into each item of the list that it holds. */
export interface Step {
  readonly name: string;
  readonly each: boolean;
}

export function stepsOf(path: string): readonly Step[] {
  return path.split('.').map((step) => {
    const each = step.endsWith('[]');
    return { name: each ? step.slice(0, -2) : step, each };
  });
}

/** Undefined where `value` is no object, or has no such member of its own. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as { readonly [member: string]: unknown })[name];
}
