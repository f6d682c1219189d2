// Counts a connector's connections as a server would: what a pool must keep below its max.
import type { FakeConnection, FakeConnector, ManualClock } from 'openline/testing';

/** How long a connection that is being closed, or an open that was given up, counts at the most. */
const countsMs = 1_000;

/** Counts what is opening, open, or being closed. */
export class OpenCount {
  readonly #clock: ManualClock;
  readonly #connector: FakeConnector;
  /** When each close was called. */
  readonly #closedAt = new Map<FakeConnection, number>();
  /** When each open was given up. */
  readonly #givenUpAt: (number | undefined)[] = [];

  constructor(clock: ManualClock, connector: FakeConnector) {
    this.#clock = clock;
    this.#connector = connector;
    const close = connector.close!;
    const open = connector.open.bind(connector);
    Object.assign(connector, {
      close: (connection: FakeConnection) => {
        this.#closedAt.set(connection, clock.now());
        return close(connection);
      },
      open: (context: Parameters<typeof open>[0]) => {
        const index = this.#givenUpAt.push(undefined) - 1;
        const note = (): void => {
          this.#givenUpAt[index] = clock.now();
        };
        context.signal.addEventListener('abort', note, { once: true });
        return open(context);
      },
    });
  }

  /** The connections that count now. */
  count(): number {
    const from = this.#clock.now() - countsMs;
    const { opens, closes, live } = this.#connector;
    const underWay = new Set(closes.filter(({ settled }) => !settled).map(({ connection }) => connection));
    return opens.filter((call, index) => {
      const givenUpAt = this.#givenUpAt[index];
      if (givenUpAt !== undefined && givenUpAt <= from) return false;
      if (!call.settled) return true;
      const { connection } = call;
      if (connection === undefined) return false;
      if (live.has(connection)) return true;
      return underWay.has(connection) && this.#closedAt.get(connection)! > from;
    }).length;
  }
}
