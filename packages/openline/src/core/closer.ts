// How connections end: each is closed once, and counts until its socket is closed or one second has passed.

import type { CloseReason } from './observer.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';

/** How long a connection that is being closed may still count. */
export const closingCountsMs = 1_000;

/** Closes connections. */
export class Closer<C> {
  readonly #parts: Parts<C>;
  readonly #onChange: () => void;

  /** @param onChange - called when a connection is on its way out, and again when there is room in its place */
  constructor(parts: Parts<C>, onChange: () => void) {
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** Closes the connection of a slot that nobody has. An idle one must have been taken out of the idle order. */
  close(slot: Slot<C>, reason: CloseReason): void {
    const { slots } = this.#parts;
    slots.move(slot, State.closing);
    const closing = this.closeConnection(slot.connection as C);
    if (closing === undefined) {
      this.#closed(slot, reason);
      return;
    }
    this.whenGone(closing, () => this.#closed(slot, reason));
    // Those who counted on it need another one, and have no time to wait for its end.
    this.#onChange();
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
    this.#onChange();
  }

  /** A connection leaves to its holder. It keeps its place until its end, where the connector can tell that, and has not yet. */
  letGo(slot: Slot<C>): void {
    const { slots, connector } = this.#parts;
    slots.move(slot, State.detached);
    if (connector.onLost === undefined || slot.condemned === 'lost') this.leftForGood(slot);
    else this.#onChange();
  }

  /** A connection that was detached has ended. */
  leftForGood(slot: Slot<C>): void {
    this.#closed(slot, 'detached');
  }

  #closed(slot: Slot<C>, reason: CloseReason): void {
    const { slots, clock, measures, observers } = this.#parts;
    slots.move(slot, State.closed);
    const ageMs = clock.turnNow().ms - slot.bornAt;
    measures.closed(reason, ageMs);
    observers.tell('closed', {
      ...this.#parts.event(slot),
      reason,
      error: slot.fault,
      ageMs,
      uses: slot.uses,
    });
    this.#onChange();
  }
}
