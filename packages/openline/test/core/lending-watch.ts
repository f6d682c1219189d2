// Watches each lease at the moment at which it begins: is its connection one that may be lent?
import type { ConnectionEvent, PoolObserver } from 'openline';
import type { FakeConnection, FakeConnector, ManualClock } from 'openline/testing';

/** An observer of a pool whose connector limits what may be lent. */
export class LendingWatch implements PoolObserver<FakeConnection> {
  /** What was found, to be thrown where the test can see it. */
  readonly broken: string[] = [];
  readonly #clock: ManualClock;
  readonly #connector: FakeConnector;
  readonly #idle = new Map<FakeConnection, { readonly since: number; readonly until: number }>();
  readonly #leases = new Map<FakeConnection, number>();

  constructor(clock: ManualClock, connector: FakeConnector) {
    this.#clock = clock;
    this.#connector = connector;
    const { reusableForMs } = connector;
    if (reusableForMs === undefined) return;
    connector.reusableForMs = (connection) => {
      const since = clock.now();
      const forMs = reusableForMs(connection);
      this.#idle.set(connection, { since, until: since + forMs });
      return forMs;
    };
  }

  acquired({ connection }: ConnectionEvent<FakeConnection>): void {
    const leases = this.#leases.get(connection!) ?? 0;
    this.#leases.set(connection!, leases + 1);
    const capacity = this.#connector.capacity(connection!);
    this.#expect(leases < capacity, `connection ${connection!.id} of capacity ${capacity} carried ${leases}`);
    const idle = leases === 0 ? this.#idle.get(connection!) : undefined;
    if (idle === undefined) return;
    const now = this.#clock.now();
    const tooLong = now > idle.since && now >= idle.until;
    this.#expect(!tooLong, `connection ${connection!.id} had been idle for ${now - idle.since} ms`);
  }

  released({ connection }: ConnectionEvent<FakeConnection>): void {
    this.#leases.set(connection!, this.#leases.get(connection!)! - 1);
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(`lent though ${otherwise}`);
  }
}
