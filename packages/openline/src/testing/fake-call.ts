// One call of a fake connector's step: it settles as scripted, or when the test says so.

/**
 * How a step of a {@link FakeConnector} goes. `'ok'`: it succeeds at once. `'fail'` or an `Error`: it fails at once, with that
 * error. `'slow'`: it is under way until its signal is aborted (then it fails), its gate is used, or, where the connector has a
 * clock, `slowMs` have passed. `'never'`: it ignores its signal, and ends only when its gate is used.
 */
export type FakeStep = 'ok' | 'fail' | 'slow' | 'never' | Error;

/** The steps of a connector that can be scripted. */
export type FakeStepName = 'open' | 'validate' | 'reset' | 'close';

/** One connection of a {@link FakeConnector}. */
export interface FakeConnection {
  /** Its number among the connections that were opened, counted from 1. */
  readonly id: number;
}

/**
 * One call of one step, with the gate to end it.
 *
 * @example
 * ```ts
 * import { createPool } from 'openline';
 * import { FakeConnector } from 'openline/testing';
 *
 * const connector = new FakeConnector({ open: 'slow' });
 * const pool = createPool(connector);
 * const acquire = pool.acquire();
 * connector.opens[0]?.succeed();
 * const lease = await acquire;
 * console.log(lease.connection.id); // 1
 * lease.release();
 * await pool.close();
 * ```
 */
export class FakeCall {
  /** How it was scripted. */
  readonly step: FakeStep;
  /** Aborted when the pool has given it up; a close has none. */
  readonly signal: AbortSignal | undefined;
  /** What the connector's step returns. */
  readonly promise: Promise<FakeConnection | undefined>;
  readonly #name: FakeStepName;
  readonly #onSuccess: (connection: FakeConnection | undefined) => FakeConnection;
  #connection: FakeConnection | undefined;
  #settled = false;
  #resolve!: (connection: FakeConnection) => void;
  #reject!: (error: unknown) => void;

  /** @internal */
  constructor(
    name: FakeStepName,
    step: FakeStep,
    connection: FakeConnection | undefined,
    signal: AbortSignal | undefined,
    onSuccess: (connection: FakeConnection | undefined) => FakeConnection,
  ) {
    this.#name = name;
    this.step = step;
    this.#connection = connection;
    this.signal = signal;
    this.#onSuccess = onSuccess;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (step === 'ok') this.succeed();
    else if (step === 'fail') this.fail();
    else if (step instanceof Error) this.fail(step);
    else if (step === 'slow') {
      signal?.addEventListener('abort', () => this.fail(signal.reason), { once: true });
    }
  }

  /** The connection it is about; for an open the one it brought, `undefined` before. */
  get connection(): FakeConnection | undefined {
    return this.#connection;
  }

  /** Whether it has ended. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Ends it well, unless it has ended; an open brings its connection, however late. */
  succeed(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#connection = this.#onSuccess(this.#connection);
    this.#resolve(this.#connection);
  }

  /**
   * Ends it with an error, unless it has ended.
   *
   * @param error - default one that names the step
   */
  fail(error: unknown = new Error(`${this.#name} failed, as the test asked`)): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
  }
}
