// What a command line may name, and what it is told of anything else.

/** A command line that can't be followed: what is wrong with it, for the one who typed it. */
export class UsageError extends Error {}

/** Those of `all` that are named, in the order of `all`; all where no names are given. */
export function chosen<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  names: readonly string[] | undefined,
): readonly T[] {
  if (names === undefined) return all;
  for (const name of names) {
    if (all.some((item) => item.name === name)) continue;
    throw new UsageError(
      `no ${kind} is called ${name}; there are ${all.map((item) => item.name).join(', ')}`,
    );
  }
  return all.filter((item) => names.includes(item.name));
}
