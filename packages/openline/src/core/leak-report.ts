// Who is told of a leak: the observers, then what `onLeak` says; a warning where nobody else would hear of it.

import type { Leak } from './observer.ts';
import type { OldLease } from './old-leases.ts';
import type { Parts } from './parts.ts';

/** More different places than this in one process are warned of by no more lines. */
const mostWarnings = 100;
const warned = new Set<string>();

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Tells of the leaks of one pool. */
export class LeakReport<C> {
  readonly #parts: Parts<C>;

  constructor(parts: Parts<C>) {
    this.#parts = parts;
  }

  /** A lease has been held for too long. */
  overdue(old: OldLease<C>, ageMs: number): void {
    const event = { ...this.#parts.event(old.slot), ageMs, place: old.place };
    this.#parts.observers.tell('leaseOverdue', event);
    const { onLeak, leakThresholdMs } = this.#parts.options;
    if (typeof onLeak === 'function') this.#call(onLeak, { ...event, isProven: false });
    else if (!this.#parts.observers.hear('leaseOverdue')) {
      const taken = onLeak === 'reclaim' ? ', and is taken back' : '';
      this.#warn(
        event,
        `has lasted for ${seconds(ageMs)}${taken}. End it in a finally block or with using; if it is meant to last, raise leakThresholdMs, which is ${leakThresholdMs}.`,
      );
    }
  }

  /** A lease was garbage-collected and had not ended. */
  leaked(old: OldLease<C>, ageMs: number): void {
    const event = { ...this.#parts.event(old.slot), ageMs, place: old.place };
    this.#parts.observers.tell('leaseLeaked', event);
    const { onLeak } = this.#parts.options;
    if (typeof onLeak === 'function') this.#call(onLeak, { ...event, isProven: true });
    else if (!this.#parts.observers.hear('leaseLeaked')) {
      this.#warn(
        event,
        `was garbage-collected after ${seconds(ageMs)} and had never ended. End it in a finally block or with using.`,
      );
    }
  }

  #call(onLeak: (leak: Leak) => void, leak: Leak): void {
    try {
      onLeak(leak);
    } catch (error) {
      process.emitWarning(`onLeak threw: ${String(error)}`, {
        type: 'OpenlineWarning',
        code: 'OPENLINE_OBSERVER',
      });
    }
  }

  #warn({ poolName, connectionId, place }: Omit<Leak, 'isProven'>, what: string): void {
    // One line of a program may leak in many pools: those of all the origins that it asks.
    const key = place ?? `a place not captured, in ${poolName}`;
    if (warned.has(key) || warned.size === mostWarnings) return;
    warned.add(key);
    process.emitWarning(
      `pool "${poolName}": the lease of connection ${connectionId} that was acquired at ${place ?? 'a place not captured'} ${what} Warned of once for each place; an observer hears of all.`,
      { type: 'OpenlineWarning', code: 'OPENLINE_LEAK' },
    );
  }
}
