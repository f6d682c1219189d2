// How connections end: each is closed once, and counts until its socket is closed or one second has passed.

import type { CloseReason } from './observer.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';

/** How long a connection that is being closed may still count. */
export const closingCountsMs = 1_000;

/** Closes connections. */
export class Closer<C> {
  readonly #parts: Parts<C>;
  readonly #onClosed: () => void;

  /** @param onClosed - called after each one, when there is room again */
  constructor(parts: Parts<C>, onClosed: () => void) {
    this.#parts = parts;
    this.#onClosed = onClosed;
  }

  /** Closes the connection of a slot that nobody has. An idle one must have been taken out of the idle order. */
  close(slot: Slot<C>, reason: CloseReason): void {
    const { slots } = this.#parts;
    slots.move(slot, State.closing);
    const closing = this.closeConnection(slot.connection as C);
    if (closing === undefined) this.#closed(slot, reason);
    else this.whenGone(closing, () => this.#closed(slot, reason));
  }

  /** Closes a connection that may have no slot any more. Never throws, never rejects. */
  closeConnection(connection: C): Promise<void> | undefined {
    try {
      return this.#parts.connector.close?.(connection)?.then(
        () => undefined,
        () => undefined,
      );
    } catch {
      return undefined;
    }
  }

  /** Calls `gone` once: when `ended` resolves, or after the second for which a connection on its way out may count. */
  whenGone(ended: Promise<void>, gone: () => void): void {
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      timer.cancel();
      gone();
    };
    const timer = this.#parts.clock.setTimer(tell, closingCountsMs);
    void ended.then(tell);
  }

  /** Empties the place of an open that brought no connection. */
  vacate(slot: Slot<C>): void {
    this.#parts.slots.move(slot, State.closed);
    this.#onClosed();
  }

  /** A connection that was detached has ended. */
  leftForGood(slot: Slot<C>): void {
    this.#closed(slot, 'detached');
  }

  #closed(slot: Slot<C>, reason: CloseReason): void {
    const { slots, clock, measures, observers } = this.#parts;
    slots.move(slot, State.closed);
    measures.closed(reason);
    const ageMs = clock.turnNow() - slot.bornAt;
    observers.tell('closed', { ...this.#parts.event(slot), reason, error: slot.fault, ageMs, uses: slot.uses });
    this.#onClosed();
  }
}
