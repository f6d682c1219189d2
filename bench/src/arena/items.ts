// What travels in the http bench: a small JSON text that its caller knows beforehand, and nobody else waits for.

const ITEMS = '/items/';

export function pathOf(value: number): string {
  return `${ITEMS}${value}`;
}

/** The value that a path was made of. */
export function valueIn(path: string): number {
  return Number(path.slice(ITEMS.length));
}

/** Some 150 bytes. */
export function itemOf(value: number): string {
  return `{"id":${value},"article":"a lamp with a green shade","cents":4995,"currency":"EUR","stock":{"here":3,"elsewhere":41},"since":"2024-05-17T09:30:00.000Z"}`;
}
