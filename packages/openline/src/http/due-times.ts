// The deadlines of all requests under way: one timer for them, since a request's deadline moves with each of its phases.

import { Alarm, type Clock } from '../core/index.ts';

/** Something with a deadline that moves. Its neighbours among the dues are the watch's business: a set would have to hash each of them. */
export interface Due {
  previousDue: Due | undefined;
  nextDue: Due | undefined;
  /** Monotonic milliseconds; `Infinity`: none now. */
  readonly dueAt: number;
  /** The deadline has come. */
  overdue(now: number): void;
  abort(reason: Error): void;
}

/** The timer is not moved for less: a thousand deadlines that follow each other closely are one look, not a thousand. */
const grainMs = 10;

/** Watches the deadlines of one pool. Telling it of one costs nothing but a comparison, as long as it is later than the earliest. */
export class DueTimes {
  #first: Due | undefined;
  readonly #clock: Clock;
  readonly #alarm: Alarm;

  constructor(clock: Clock) {
    this.#clock = clock;
    // What is waited for, a socket or a place in the queue, keeps the process alive.
    this.#alarm = new Alarm(clock, () => this.#look(), false);
  }

  add(due: Due): void {
    due.nextDue = this.#first;
    if (this.#first !== undefined) this.#first.previousDue = due;
    this.#first = due;
    this.#alarm.ringBy(due.dueAt);
  }

  delete(due: Due): void {
    const { previousDue, nextDue } = due;
    if (previousDue !== undefined) previousDue.nextDue = nextDue;
    else if (this.#first === due) this.#first = nextDue;
    if (nextDue !== undefined) nextDue.previousDue = previousDue;
    due.previousDue = undefined;
    due.nextDue = undefined;
  }

  /** A deadline may have become earlier. */
  moved(due: Due): void {
    this.#alarm.ringBy(due.dueAt);
  }

  /** Ends all of them. */
  abortAll(reason: Error): void {
    for (const due of [...this.#all()]) due.abort(reason);
  }

  stop(): void {
    this.#alarm.cancel();
  }

  *#all(): Iterable<Due> {
    for (let due = this.#first; due !== undefined; due = due.nextDue) yield due;
  }

  #look(): void {
    const now = this.#clock.now();
    const over: Due[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const due of this.#all()) {
      if (due.dueAt <= now) over.push(due);
      else if (due.dueAt < next) next = due.dueAt;
    }
    for (const due of over) due.overdue(now);
    if (next < Number.POSITIVE_INFINITY) this.#alarm.ringBy(Math.max(next, now + grainMs));
  }
}
