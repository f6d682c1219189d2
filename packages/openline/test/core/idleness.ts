// Watches that nothing is lent that has been idle for longer than its peer lets it be.
import type { ConnectionEvent, PoolObserver } from 'openline';
import type { FakeConnection, FakeConnector, ManualClock } from 'openline/testing';

/** An observer of a pool whose connector limits how long connections may be idle. */
export class Idleness implements PoolObserver<FakeConnection> {
  /** What was found, to be thrown where the test can see it. */
  readonly broken: string[] = [];
  readonly #clock: ManualClock;
  readonly #idle = new Map<FakeConnection, { readonly since: number; readonly until: number }>();
  readonly #leases = new Map<FakeConnection, number>();

  constructor(clock: ManualClock, connector: FakeConnector) {
    this.#clock = clock;
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
    if (leases > 0) return;
    const now = this.#clock.now();
    const { since, until } = this.#idle.get(connection!)!;
    if (now > since && now >= until)
      this.broken.push(`connection ${connection!.id} was lent after ${now - since} ms of idleness`);
  }

  released({ connection }: ConnectionEvent<FakeConnection>): void {
    this.#leases.set(connection!, this.#leases.get(connection!)! - 1);
  }
}
