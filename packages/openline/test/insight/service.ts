// A small service on a manual clock: callers come at a steady pace, and a test breaks what it likes.
import { AsyncResource } from 'node:async_hooks';
import { AcquireTimeoutError, createPool, type Lease, type OpenContext, type Pool } from 'openline';
import { explainer } from 'openline/insight';
import { ManualClock } from 'openline/testing';

interface Connection {
  working: boolean;
}

interface ServiceOptions {
  readonly max?: number;
  readonly maxUses?: number;
  readonly acquireTimeoutMs?: number;
}

const stepMs = 10;

/** Twenty callers a second, each of whom asks the server for 50 ms: a quarter of the four connections. */
export class Service {
  readonly clock: ManualClock = new ManualClock();
  readonly pool: Pool<Connection>;
  callersAStep = 0.2;
  serverMs = 50;
  leaks = false;
  nests = false;
  connectMs = 20;
  open: () => Promise<void> = async () => undefined;
  readonly leaked: Lease<Connection>[] = [];
  /** The message of the last acquire that timed out. */
  message = '';
  readonly #lost = new Set<(error: unknown) => boolean>();
  #due = 0;

  constructor({ max = 4, maxUses = 1_000_000, acquireTimeoutMs = 2_000 }: ServiceOptions = {}) {
    this.pool = createPool(
      {
        open: (context) => this.#connect(context),
        isWorking: ({ working }) => working,
        isFull: (error) => (error as Error).message.includes('too many'),
        onLost: (_connection, lost) => void this.#lost.add(lost),
      },
      { name: 'orders', max, maxUses, acquireTimeoutMs, clock: this.clock, explainer },
    );
  }

  async #connect(context: OpenContext): Promise<Connection> {
    context.address('db.example:5432');
    context.phase('tcp');
    await this.open();
    context.phase('tls');
    await this.#pause(this.connectMs);
    return { working: false };
  }

  /** Lets so many seconds pass. */
  async run(seconds: number, eachStep: () => void = () => undefined): Promise<void> {
    for (let step = 0; step < (seconds * 1_000) / stepMs; step++) {
      for (this.#due += this.callersAStep; this.#due >= 1; this.#due--) this.come();
      eachStep();
      await this.clock.advance(stepMs);
    }
  }

  /** A caller comes, as a request of its own. */
  come(): void {
    const request = new AsyncResource('REQUEST', { requireManualDestroy: true });
    void request.runInAsyncScope(() => this.loadOrder());
  }

  loseAll(): void {
    for (const lost of this.#lost) lost(new Error('read ECONNRESET'));
    this.#lost.clear();
  }

  async loadOrder(): Promise<void> {
    try {
      const lease = await this.pool.acquire();
      try {
        await this.#ask(lease);
        if (this.nests) await this.pool.use(() => this.#ask(lease));
      } finally {
        if (this.leaks) this.leaked.push(lease);
        else lease.release();
      }
    } catch (error) {
      if (error instanceof AcquireTimeoutError) this.message = error.message;
    }
  }

  async #ask({ connection }: Lease<Connection>): Promise<void> {
    connection.working = true;
    await this.#pause(this.serverMs);
    connection.working = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(resolve, ms));
  }

  async end(): Promise<void> {
    const closing = this.pool.close({ timeoutMs: 0 });
    await this.clock.advance(6_000);
    await closing;
  }
}
