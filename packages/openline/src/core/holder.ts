// Who has a lease: what the pool can say of it.

/** How a connection is lent: alone, or with others up to its capacity. */
export type LeaseMode = 'exclusive' | 'shared';

/** One lease under way, as the pool sees it. */
export interface HolderInfo {
  /** The connection's number in its pool, counted from 1. */
  readonly connectionId: number;
  /** How long the lease has lasted, in milliseconds. */
  readonly ageMs: number;
  /** How it was lent. */
  readonly mode: LeaseMode;
  /** Whether the peer is at work on a request of it now; `undefined` where the connector cannot tell (`isWorking`). */
  readonly working?: boolean | undefined;
  /** It is lent for long on purpose (the connector's `isKept`): however long it lasts, it is no leak. */
  readonly kept?: true;
  /** Where in the code it was acquired; `undefined` when the budget of captures was spent at that moment. */
  readonly place: string | undefined;
  /** The lease was garbage-collected: nobody can end it any more. */
  readonly leaked?: true;
}
