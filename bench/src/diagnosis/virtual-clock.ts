// Time that runs as fast as the machine can: everything happens in its order, and nothing is waited for.

import { AsyncResource } from 'node:async_hooks';
import type { Clock, Moment, TimerHandle } from 'openline';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock for thousands of timers. */
export class VirtualClock implements Clock {
  readonly #heap: Due[] = [];
  #now = 0;
  #orders = 0;
  #moment: Moment = { ms: 0 };

  now(): number {
    return this.#now;
  }

  turnNow(): Moment {
    if (this.#moment.ms !== this.#now) this.#moment = { ms: this.#now };
    return this.#moment;
  }

  wallNow(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    const due: Due = {
      at: this.#now + Math.max(delayMs, 0),
      order: this.#orders++,
      callback,
      cancelled: false,
    };
    this.#push(due);
    return {
      cancel: () => {
        due.cancelled = true;
      },
      keepAlive: () => undefined,
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.setTimer(resolve, ms));
  }

  /** The event loop stands still: whatever came due comes late. */
  block(ms: number): void {
    this.#now += ms;
  }

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await turnOver();
    for (let due = this.#heap[0]; due !== undefined && due.at <= until; due = this.#heap[0]) {
      this.#pop();
      if (due.cancelled) continue;
      this.#now = Math.max(this.#now, due.at);
      // A resource of its own, as a real timer has: what a callback enters does not stay for the next one.
      new AsyncResource('BENCH_TIMER', { requireManualDestroy: true }).runInAsyncScope(due.callback);
      await turnOver();
    }
    this.#now = Math.max(this.#now, until);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
