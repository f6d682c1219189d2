// The breaker: an outage that has outlasted the acquire timeout turns new callers away at once, while attempts go on. Tells when that begins and ends.

import { Alarm } from './alarm.ts';
import type { BreakerClosedReason } from './observer.ts';
import type { Parts } from './parts.ts';

/** One pool's breaker. Whether it is open follows from the outage and the clock; what is kept here is what was told of it. */
export class Breaker<C> {
  readonly #parts: Parts<C>;
  readonly #alarm: Alarm;
  /** Since when it is open, as far as observers know. */
  #openedAt: number | undefined;

  constructor(parts: Parts<C>) {
    this.#parts = parts;
    // Nobody waits for it: whoever is turned away finds out by himself.
    this.#alarm = new Alarm(parts.clock, () => this.look(parts.clock.now()), false);
  }

  /** Has an outage outlasted the acquire timeout, with nothing open, and attempts that still go on? */
  isOpen(now: number): boolean {
    const { outage, options, slots } = this.#parts;
    return (
      outage.outlasted(options.acquireTimeoutMs, now) &&
      slots.live === 0 &&
      !outage.isStale(options.connectTimeoutMs, now)
    );
  }

  /** {@link isOpen}, for whoever acts on it or has just changed it: observers are told if it is news. */
  look(now: number): boolean {
    const { outage, options, isClosing } = this.#parts;
    if (outage.since === undefined || isClosing) return false;
    const isOpen = this.isOpen(now);
    if (isOpen && this.#openedAt === undefined) this.#open(outage.since, now);
    // No attempt for so long: the next caller is let in, to try.
    if (!isOpen) this.#close('rested', now - outage.since, outage.attempts, now);
    const nextAt = isOpen
      ? outage.staleAfter(options.connectTimeoutMs)
      : outage.since + options.acquireTimeoutMs;
    // It turns when that moment has passed, not at it.
    if (nextAt >= now) this.#alarm.ringBy(nextAt + 1);
    return isOpen;
  }

  /** An open succeeded, which ended an outage. */
  recovered(outageMs: number, attempts: number, now: number): void {
    this.#alarm.cancel();
    this.#close('recovered', outageMs, attempts, now);
  }

  /** The pool closes: nobody is let in or turned away any more. */
  stop(): void {
    this.#alarm.cancel();
    const { outage, clock } = this.#parts;
    const now = clock.now();
    if (outage.since !== undefined) this.#close('pool-closed', now - outage.since, outage.attempts, now);
  }

  #open(since: number, now: number): void {
    const { observers, outage, name } = this.#parts;
    this.#openedAt = now;
    const { attempts, lastFailure } = outage;
    observers.tell('breakerOpened', {
      poolName: name,
      outageMs: now - since,
      attempts,
      error: lastFailure!,
    });
  }

  #close(reason: BreakerClosedReason, outageMs: number, attempts: number, now: number): void {
    if (this.#openedAt === undefined) return;
    const openMs = now - this.#openedAt;
    this.#openedAt = undefined;
    const { observers, name } = this.#parts;
    observers.tell('breakerClosed', { poolName: name, reason, openMs, outageMs, attempts });
  }
}
