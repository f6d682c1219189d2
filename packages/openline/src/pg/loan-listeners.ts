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
  return without(listenersOf(client), before);
}

/**
 * Takes listeners off a client. The others are added anew: an emitter that is to remove a function removes the last one that it
 * finds, even where that was added for `once`, and meant to stay.
 */
export function takeOff(client: DriverClient, registered: Registered): void {
  const present = listenersOf(client);
  for (const [event, staying] of without(present, registered)) {
    if (staying.length === present.get(event)!.length) continue;
    client.removeAllListeners(event);
    for (const listener of staying) client.on(event, listener);
  }
}

/** The listeners of `all` that are not among `some`, each counted as often as it is there. */
function without(all: Registered, some: Registered): Registered {
  const rest = new Map<string | symbol, readonly Listener[]>();
  for (const [event, listeners] of all) {
    const left = [...(some.get(event) ?? [])];
    const stays = (listener: Listener): boolean => {
      const index = left.indexOf(listener);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    };
    rest.set(event, listeners.filter(stays));
  }
  return rest;
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
