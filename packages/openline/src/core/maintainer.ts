// Looks after the connections while nobody asks: min, idle time, lifetime, keepalive, old leases, and jumps of the clock.

import { Alarm } from './alarm.ts';
import { isStarved } from './deadlines.ts';
import type { Demand } from './demand.ts';
import type { Leaks } from './leaks.ts';
import type { NestingGuard } from './nesting.ts';
import type { Parts } from './parts.ts';
import { State } from './slot.ts';
import type { Turnaround } from './turnaround.ts';

const longestTickMs = 1_000;
const shortestTickMs = 10;
/** With callers waiting, every connection leased and none back for so long, callers are marked to find out who holds and waits. */
const starvedAfterMs = 1_000;
/** A tick late by more than this was no busy event loop: the machine slept, or the process was frozen. */
const jumpMs = 2_000;

/** What the maintainer works with. */
export interface MaintainerParts<C> {
  readonly parts: Parts<C>;
  readonly turnaround: Turnaround<C>;
  readonly demand: Demand<C>;
  readonly nesting: NestingGuard;
  readonly leaks: Leaks<C>;
}

/** One pool's maintainer: a tick a second, more often where an option asks for it, none while there is nothing to look after. */
export class Maintainer<C> {
  readonly #parts: Parts<C>;
  readonly #turnaround: Turnaround<C>;
  readonly #demand: Demand<C>;
  readonly #nesting: NestingGuard;
  readonly #leaks: Leaks<C>;
  readonly #alarm: Alarm;
  readonly #tickMs: number;
  #tickedAt = 0;
  #wallAt = 0;

  constructor({ parts, turnaround, demand, nesting, leaks }: MaintainerParts<C>) {
    this.#parts = parts;
    this.#turnaround = turnaround;
    this.#demand = demand;
    this.#nesting = nesting;
    this.#leaks = leaks;
    const { idleTimeoutMs, maxLifetimeMs, keepaliveMs, leakThresholdMs } = parts.options;
    const shortest = Math.min(idleTimeoutMs, maxLifetimeMs, keepaliveMs, leakThresholdMs);
    this.#tickMs = Math.min(Math.max(shortest / 4, shortestTickMs), longestTickMs);
    // Sockets and waiters keep a process alive; looking after them does not.
    this.#alarm = new Alarm(parts.clock, () => this.#tick(), false);
  }

  /** There is something to look after. */
  start(): void {
    if (this.#alarm.at < Number.POSITIVE_INFINITY || this.#parts.isClosing) return;
    const { clock } = this.#parts;
    this.#tickedAt = clock.now();
    this.#wallAt = clock.wallNow();
    this.#alarm.ringBy(this.#tickedAt + this.#tickMs);
  }

  /** There is something to be looked at by `at`, which may come before the next tick. */
  lookBy(at: number): void {
    if (at < this.#alarm.at && !this.#parts.isClosing)
      this.#alarm.ringBy(Math.max(at, this.#tickedAt + shortestTickMs));
  }

  stop(): void {
    this.#alarm.cancel();
    this.#nesting.stop();
  }

  #tick(): void {
    const parts = this.#parts;
    const now = parts.clock.now();
    this.#noticeJump(now);
    this.#endLifetimes(now);
    this.#turnaround.closeUseless(now);
    this.#closeIdle(now);
    this.#keepAlive(now);
    const leaksAt = this.#leaks.look(now);
    this.#watchNesting(now);
    if (parts.waiting > 0) parts.explanations?.waiting();
    if (!parts.isHalted && parts.slots.size < parts.max) this.#demand.grow(now);
    // An observer may have closed the pool.
    if (parts.isClosing || (parts.slots.size === 0 && parts.min === 0)) return;
    // An idle connection may keep the process alive: it is closed to the moment.
    let idleEnds = (parts.slots.idle[0]?.idleSince ?? now) + parts.options.idleTimeoutMs;
    for (const slot of parts.slots.idle) idleEnds = Math.min(idleEnds, slot.reusableUntil);
    this.#alarm.ringBy(Math.max(Math.min(now + this.#tickMs, idleEnds, leaksAt), now + shortestTickMs));
  }

  #noticeJump(now: number): void {
    const { clock, slots, observers, name } = this.#parts;
    const wall = clock.wallNow();
    const late = now - this.#tickedAt - this.#tickMs;
    const wallLate = Math.abs(wall - this.#wallAt - (now - this.#tickedAt));
    this.#tickedAt = now;
    this.#wallAt = wall;
    const jumped = Math.max(late, wallLate);
    if (jumped <= jumpMs) return;
    for (const slot of slots) slot.suspect = true;
    observers.tell('clockJumped', { poolName: name, jumpMs: jumped });
  }

  #endLifetimes(now: number): void {
    for (const slot of [...this.#parts.slots]) {
      if (slot.expiresAt > now) continue;
      slot.condemned ??= 'lifetime';
      if (slot.state === State.idle) this.#turnaround.evict(slot, 'lifetime');
    }
  }

  #closeIdle(now: number): void {
    const { slots, min, options } = this.#parts;
    for (;;) {
      const longest = slots.idle[0];
      if (longest === undefined || slots.live <= min || now - longest.idleSince < options.idleTimeoutMs)
        return;
      this.#turnaround.evict(longest, 'idle');
    }
  }

  #keepAlive(now: number): void {
    const { slots, connector, options } = this.#parts;
    if (connector.validate === undefined) return;
    for (const slot of [...slots.idle]) {
      if (slot.state === State.idle && now - slot.aliveAt >= options.keepaliveMs)
        this.#turnaround.validate(slot);
    }
  }

  get #isFull(): boolean {
    const { slots, max } = this.#parts;
    return slots.count(State.leased) >= max;
  }

  #watchNesting(now: number): void {
    const { exclusive, waiting } = this.#parts;
    const waitedMs = now - (exclusive.head?.enqueuedAt ?? now);
    const starves = waiting > 0 && isStarved(this.#parts, now - starvedAfterMs);
    if (starves || (waitedMs >= starvedAfterMs && this.#isFull)) this.#nesting.starving(now);
    else this.#nesting.calm(now);
  }
}
