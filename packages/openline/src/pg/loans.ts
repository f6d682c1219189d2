// Clients in the hands of users: each gets pg's `release` for its loan, and listeners are told however the loan ends.

import type { PoolClient } from 'pg';
import type { Lease } from '../core/index.ts';
import { asPoolClient, type DriverClient } from './driver.ts';

/** What the loans need of their pool. */
export interface LoanHost {
  /** A client goes to a user. */
  lentToUser(client: DriverClient): void;
  /** It has come back. */
  returned(client: PoolClient, error: unknown): void;
}

/** How a lease ends. */
type Ends = Pick<Lease<DriverClient>, 'release' | 'discard'>;

/** The loans of one pool. */
export class Loans {
  readonly #host: LoanHost;

  constructor(host: LoanHost) {
    this.#host = host;
  }

  /** Gives a user the client, which is all that is needed to end the loan. */
  toUser(lease: Lease<DriverClient>, ends: Ends = lease): PoolClient {
    const client = this.#lend(lease);
    client.release = (error) =>
      this.#back(lease, client, error, () => (error ? ends.discard(error) : ends.release()));
    return client;
  }

  /** Gives a user the lease; the client's `release` ends it too. */
  asLease(lease: Lease<DriverClient>): Lease<PoolClient> {
    this.toUser(lease, this.#tellOfEnd(lease));
    return lease as unknown as Lease<PoolClient>;
  }

  /**
   * Gives the client to work of the pool's own, which keeps the lease and ends it. The client's `release` ends it too, but does not keep it: the
   * socket has the client, and a lease whose work is forgotten could never be collected, and proven lost.
   */
  toWork(lease: Lease<DriverClient>): PoolClient {
    return this.#lendToWork(lease, (left, client, error) =>
      this.#back(left, client, error, () => (error ? left.discard(error) : left.release())),
    );
  }

  /** Gives work of the pool's own the lease. */
  asLeaseOfWork(lease: Lease<DriverClient>): Lease<PoolClient> {
    this.#tellOfEnd(lease);
    this.#lendToWork(lease, (left, _client, error) => (error ? left.discard(error) : left.release()));
    return lease as unknown as Lease<PoolClient>;
  }

  #lendToWork(
    lease: Lease<DriverClient>,
    end: (lease: Lease<DriverClient>, client: PoolClient, error: unknown) => void,
  ): PoolClient {
    const kept = new WeakRef(lease);
    const client = this.#lend(lease);
    client.release = (error) => {
      const left = kept.deref();
      if (left !== undefined) end(left, client, error);
    };
    return client;
  }

  #lend({ connection }: Lease<DriverClient>): PoolClient {
    this.#host.lentToUser(connection);
    return asPoolClient(connection);
  }

  /** However the lease ends, listeners are told. Returns its own ends. */
  #tellOfEnd(lease: Lease<DriverClient>): Ends {
    const ends: Ends = { release: lease.release.bind(lease), discard: lease.discard.bind(lease) };
    const client = asPoolClient(lease.connection);
    lease.release = () => this.#back(lease, client, undefined, ends.release);
    lease.discard = (reason) => this.#back(lease, client, reason, () => ends.discard(reason));
    return ends;
  }

  /** Tells of the end of a loan, unless it had ended before. */
  #back(lease: Lease<DriverClient>, client: PoolClient, error: unknown, end: () => void): void {
    const first = !lease.ended;
    end();
    if (first) this.#host.returned(client, error);
  }
}
