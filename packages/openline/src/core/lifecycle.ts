// What takes time in a pool's life: its connections opened before they are wanted, replaced, and closed with it.

import type { Changes } from './changes.ts';
import { closingCountsMs } from './closer.ts';
import type { Dispatcher, DispatcherParts } from './dispatcher.ts';
import { InvalidOptionsError, PoolClosedError } from './errors.ts';
import type { Leaks } from './leaks.ts';
import type { Maintainer } from './maintainer.ts';
import type { Opener } from './opener.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';
import { type CloseReport, holdersOf } from './status.ts';

/** What the lifecycle works with. */
export interface LifecycleParts<C> extends DispatcherParts<C> {
  readonly changes: Changes;
  readonly opener: Opener<C>;
  readonly dispatcher: Dispatcher<C>;
  readonly maintainer: Maintainer<C>;
  readonly leaks: Leaks<C>;
}

/** Warms, refreshes and closes a pool. */
export class Lifecycle<C> {
  readonly #parts: Parts<C>;
  readonly #workings: LifecycleParts<C>;

  constructor(workings: LifecycleParts<C>) {
    this.#parts = workings.parts;
    this.#workings = workings;
  }

  /** Resolves when `n` connections are open. */
  async warm(n: number): Promise<void> {
    const parts = this.#parts;
    const { opener } = this.#workings;
    const { slots, name, max } = parts;
    if (!Number.isInteger(n) || n < 0 || n > max) {
      throw new InvalidOptionsError(name, [
        { option: 'n', problem: `is ${n}: give a whole number from 0 to max, which is ${max}` },
      ]);
    }
    for (;;) {
      if (parts.isClosing) throw new PoolClosedError(name);
      if (slots.live >= Math.min(n, parts.max)) return;
      const atOnce = Math.min(n - slots.live, parts.opensAtOnce());
      while (slots.count(State.opening) < atOnce && parts.hasRoom) void opener.open();
      // What is closing or detached may have all the room there is.
      if (opener.underWay.size === 0) await this.#untilRoom();
      const failures = await Promise.all(opener.underWay);
      const failure = failures.find((error) => error !== undefined);
      if (failure !== undefined) throw failure;
    }
  }

  async #untilRoom(): Promise<void> {
    const parts = this.#parts;
    const { changes } = this.#workings;
    const unwatch = parts.membership?.watchRoom(() => changes.tell());
    await changes.until(() => parts.hasRoom || parts.isClosing, Number.POSITIVE_INFINITY);
    unwatch?.();
  }

  /** Replaces every connection; the idle ones one after another, or closes those at once. */
  async refresh(immediate: boolean): Promise<void> {
    const { slots } = this.#parts;
    const idle = new Set<Slot<C>>();
    for (const slot of slots) {
      if (slot.state === State.idle) idle.add(slot);
      else this.#retire(slot);
      // What leads nowhere would be waited for in vain.
      if (immediate) slot.check?.giveUp();
    }
    for (const slot of idle) {
      if (immediate || slot.state !== State.idle) this.#retire(slot);
      else await this.#replace(slot);
    }
  }

  async #replace(slot: Slot<C>): Promise<void> {
    const parts = this.#parts;
    const { changes, opener } = this.#workings;
    if (parts.isClosing) return;
    if (!parts.hasRoom) {
      this.#retire(slot);
      await changes.until(() => parts.hasRoom || parts.isClosing, closingCountsMs);
    }
    if (parts.hasRoom && !parts.isClosing) {
      const failure = await opener.open();
      if (failure !== undefined) throw failure;
    }
    this.#retire(slot);
  }

  /** Closes a connection now, or when nobody has it any more. */
  #retire(slot: Slot<C>): void {
    switch (slot.state) {
      case State.idle:
        this.#workings.turnaround.evict(slot, 'refreshed');
        break;
      case State.closing:
      case State.closed:
      case State.detached:
        break;
      default:
        slot.condemned ??= 'refreshed';
    }
  }

  /** Ends the pool, once. */
  async close(timeoutMs: number): Promise<CloseReport> {
    const parts = this.#parts;
    const { slots } = parts;
    const { changes, opener, turnaround, dispatcher, demand, lending, deadlines, maintainer, leaks } =
      this.#workings;
    parts.state = 'closing';
    dispatcher.refuseAll(new PoolClosedError(parts.name));
    demand.stop();
    maintainer.stop();
    parts.breaker.stop();
    opener.abandonAll();
    changes.tell();
    while (slots.idle.length > 0) turnaround.evict(slots.idle[0]!, 'pool-closed');
    leaks.close();
    const drained = await changes.until(() => slots.live === 0, timeoutMs);
    const outstanding = drained ? [] : holdersOf(parts, parts.clock.now());
    for (const slot of [...slots]) {
      for (const lease of [...slot.holders()]) lending.takeBack(lease, slot, 'taken back by the pool');
      slot.condemned ??= 'pool-closed';
      slot.check?.giveUp();
    }
    // What is closing ends in a second at the most; what was detached is its holder's.
    await changes.until(() => slots.size === slots.count(State.detached), 2 * closingCountsMs);
    deadlines.stop();
    leaks.stop();
    parts.state = 'closed';
    parts.explanations?.closed();
    parts.membership?.leave();
    return { drained, outstanding };
  }
}
