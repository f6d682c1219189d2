// Turns demand into opens: for those who wait, for `min`, and as a probe while the server cannot be reached.

import { Alarm } from './alarm.ts';
import type { ConnectError } from './errors.ts';
import type { Opener } from './opener.ts';
import type { Parts } from './parts.ts';
import { State } from './slot.ts';

/** While an outage has outlasted the acquire timeout, opens are tried for so long after the last caller. */
const probeForMs = 60_000;

/** Asks for connections when they are worth it and may be tried. */
export class Demand<C> {
  readonly #parts: Parts<C>;
  readonly #opener: Opener<C>;
  readonly #lookAgain: Alarm;
  #lastCallerAt = Number.NEGATIVE_INFINITY;

  /** @param dispatch - called when it is time to look again */
  constructor(parts: Parts<C>, opener: Opener<C>, dispatch: () => void) {
    this.#parts = parts;
    this.#opener = opener;
    this.#lookAgain = new Alarm(parts.clock, dispatch, false);
  }

  /** A caller came in an outage and could not be served. Returns the failure with which to turn it away, if the outage has lasted long enough for that. */
  callerCame(now: number): ConnectError | undefined {
    this.#lastCallerAt = now;
    return this.#parts.breaker.look(now) ? this.#parts.outage.lastFailure : undefined;
  }

  /** Opens as many as are wanted and allowed, and sees to it that somebody looks again. */
  grow(now: number): void {
    const parts = this.#parts;
    if (parts.isHalted) return;
    const { slots, outage } = parts;
    if (parts.waiting > 0) this.#lastCallerAt = now;
    const wanted = this.#wanted(now);
    if (wanted <= 0 && parts.waiting === 0) {
      parts.membership?.claim(0);
      return;
    }
    const more = Math.min(wanted - slots.count(State.opening), this.#allowed(now));
    if (parts.membership !== undefined) parts.membership.claim(more);
    else for (let opens = 0; opens < more; opens++) void this.#opener.open();
    // Whoever waits for the next attempt keeps the process alive; a probe does not.
    this.keepAlive(parts.waiting > 0);
    if (outage.nextAt > now) this.#lookAgain.ringBy(outage.nextAt);
    // The budget says when there is room.
    else if (parts.waiting > 0 && slots.size < parts.max && !parts.membership?.isClaiming)
      this.#lookAgain.ringBy(now + parts.growth.lookAgainMs);
  }

  /** There is room for an open that was wanted before. Returns whether it still is, and has begun. */
  openOne(now: number): boolean {
    const { isHalted, waiting, slots, min } = this.#parts;
    if (isHalted || (waiting === 0 && slots.live >= min) || this.#allowed(now) <= 0) return false;
    void this.#opener.open();
    return true;
  }

  /** How many opens may begin now. */
  #allowed(now: number): number {
    const parts = this.#parts;
    const { slots, outage } = parts;
    const atOnce = Math.min(outage.allowance(now), parts.opensAtOnce());
    return Math.min(atOnce - slots.count(State.opening), parts.max - slots.size);
  }

  /** How many opens should be under way. */
  #wanted(now: number): number {
    const parts = this.#parts;
    const { slots, growth, exclusive, shared, outage, options } = parts;
    let wanted = parts.min - slots.live;
    if (parts.waiting > 0) {
      const lines =
        exclusive.size +
        (shared.size === 0 ? 0 : Math.max(1, Math.ceil(shared.size / parts.expectedCapacity)));
      const coming = slots.count(State.resetting) + this.#soonValidated(now);
      wanted = Math.max(
        wanted,
        growth.wanted(
          lines - coming,
          slots.count(State.leased),
          slots,
          parts.makesRoom,
          slots.count(State.opening),
          now,
        ),
      );
    }
    if (
      wanted <= 0 &&
      outage.outlasted(options.acquireTimeoutMs, now) &&
      now - this.#lastCallerAt < probeForMs
    )
      return 1;
    return wanted;
  }

  /** Validations under way that may still be quicker than an open. */
  #soonValidated(now: number): number {
    const { slots, growth } = this.#parts;
    if (slots.count(State.validating) === 0) return 0;
    let soon = 0;
    for (const slot of slots) {
      if (slot.state === State.validating && now - slot.checkedSince < growth.connectMs) soon++;
    }
    return soon;
  }

  keepAlive(alive: boolean): void {
    this.#lookAgain.keepAlive(alive);
  }

  stop(): void {
    this.#lookAgain.cancel();
  }
}
