// The listeners that a user adds to a client during a loan: taken off when the client comes back.

import type { DriverClient } from './driver.ts';

type Listener = (...args: unknown[]) => void;
/** The listeners of a client, by event. */
export type Registered = ReadonlyMap<string | symbol, readonly Listener[]>;

/** All listeners of a client; wrappers of `once` stand for themselves. */
export function listenersOf(client: DriverClient): Registered {
  return new Map(client.eventNames().map((event) => [event, client.rawListeners(event) as Listener[]]));
}

/** The listeners that were not there before. */
export function addedSince(client: DriverClient, before: Registered): Registered {
  const added = new Map<string | symbol, Listener[]>();
  for (const [event, listeners] of listenersOf(client)) {
    const old = [...(before.get(event) ?? [])];
    const isNew = (listener: Listener): boolean => {
      const index = old.indexOf(listener);
      if (index >= 0) old.splice(index, 1);
      return index < 0;
    };
    added.set(event, listeners.filter(isNew));
  }
  return added;
}

/** Takes listeners off a client. */
export function takeOff(client: DriverClient, registered: Registered): void {
  for (const [event, listeners] of registered) {
    for (const listener of listeners) client.off(event, listener);
  }
}

/** Watches the listeners of one client, from its open on. Costs a loan nothing as long as none is added. */
export class LoanListeners {
  readonly #client: DriverClient;
  #isLent = false;
  #added = false;
  /** Those that are there between loans; taken anew after one was added between loans. */
  #usual: Registered | undefined;

  constructor(client: DriverClient) {
    this.#client = client;
    client.on('newListener', () => {
      if (this.#isLent) this.#added = true;
      else this.#usual = undefined;
    });
  }

  /** A user has the client. */
  lent(): void {
    this.#usual ??= listenersOf(this.#client);
    this.#isLent = true;
  }

  /** It has come back. */
  returned(): void {
    this.#isLent = false;
    if (!this.#added) return;
    this.#added = false;
    takeOff(this.#client, addedSince(this.#client, this.#usual!));
  }
}
