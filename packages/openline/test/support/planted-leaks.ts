// Leaks that a test plants: heard by an observer, so that the process does not warn of them in the midst of the tests' output.
import type { PoolObserver } from 'openline';

/** For the pools of tests that hold leases for long, or lose them, and look at something else. */
export const hearsOfLeaks: Required<Pick<PoolObserver, 'leaseOverdue' | 'leaseLeaked'>> = {
  leaseOverdue: () => undefined,
  leaseLeaked: () => undefined,
};
