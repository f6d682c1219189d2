// Watches what is told of a breaker: that it opens and closes in turn, and is never thought open when it is not.
import type { Pool, PoolObserver } from 'openline';
import type { FakeConnection } from 'openline/testing';

/** An observer of one pool. */
export class BreakerWatch implements PoolObserver<FakeConnection> {
  /** What was found, to be thrown where the test can see it. */
  readonly broken: string[] = [];
  /** How often it opened. */
  timesOpened = 0;
  isOpen = false;

  breakerOpened(): void {
    if (this.isOpen) this.broken.push('the breaker opened twice');
    this.isOpen = true;
    this.timesOpened++;
  }

  breakerClosed(): void {
    if (!this.isOpen) this.broken.push('the breaker closed and was not open');
    this.isOpen = false;
  }

  /** Compares what was told with what the pool says of itself now. */
  check(pool: Pool<FakeConnection>): void {
    const { state, outage } = pool.status();
    const isOpen = (state === 'running' || state === 'suspended') && outage?.breakerOpen === true;
    if (isOpen !== this.isOpen)
      this.broken.push(`the breaker is ${isOpen ? 'open' : 'closed'}, and was told otherwise`);
  }
}
