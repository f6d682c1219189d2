// What a fault is, whatever kind of server it is played on.

import type { Course } from './account.ts';
import type { Crowd } from './callers.ts';
import { nowMs, type Span } from './clock.ts';
import type { FaultContender } from './contender.ts';
import type { Limits } from './limits.ts';

/** One fault. */
export interface Fault {
  readonly name: string;
  title(seconds: number): string;
  /** How long it takes unless something else is asked for. */
  readonly seconds: number;
  readonly crowd: Crowd;
  /** Connections that a pool may have. */
  readonly max: number;
  /** Whether it is there before the first call. */
  readonly fromTheStart?: boolean;
  /** Limits that it is played with instead of those of the set, where it would not show with them. */
  readonly limits?: Partial<Pick<Limits, 'acquireMs' | 'readMs'>>;
  /** Who can meet it. */
  readonly contenders: readonly FaultContender[];
  /** Starts its servers. */
  stage(contenders: readonly FaultContender[]): Promise<Stage>;
}

/** The servers of one run, and the lines to them. */
export interface Stage {
  /** What leads each contender to its server, in their order. */
  readonly accesses: readonly object[];
  /** How many times a contender, by its place in the order, connected between two moments on the clock of `nowMs()`. */
  connectsBetween(contender: number, from: number, until: number): number;
  play(seconds: number): Promise<Pick<Course, 'strikes'> & Partial<Course>>;
  close(): Promise<void>;
}

/** What a run has begun, to be ended in the opposite order. */
export class Ends {
  readonly #ends: (() => Promise<void> | void)[] = [];

  push(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  async all(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end();
  }
}

/** Breaks something, and tells when. */
export async function broken(strike: () => unknown): Promise<Span> {
  const from = nowMs();
  await strike();
  return { from, until: nowMs() };
}
