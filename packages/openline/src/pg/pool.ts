// The drop-in for pg.Pool: its options, methods, callbacks, events and properties, on Openline's engine.

import pg, {
  type QueryConfig as PgQueryConfig,
  type PoolClient,
  type PoolConfig,
  type QueryConfigValues,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import {
  type AcquireOptions,
  type CloseReport,
  type ConnectionInfo,
  type Pool as EnginePool,
  type HolderInfo,
  type Lease,
  PoolClosedError,
  type PoolCounts,
  type PoolStats,
  type PoolStatus,
} from '../core/index.ts';
import type { DriverClient, DriverClientClass, QueryCallback } from './driver.ts';
import { fromHere, throwAsDriver } from './errors.ts';
import { isFatal } from './failures.ts';
import { Listener, type ListenOptions, type NotificationHandler, type Subscription } from './listener.ts';
import { Loans } from './loans.ts';
import { type PgPoolOptions, refuseUnknown, warnOfSlips } from './options.ts';
import { plainConfig, type QueryLimits } from './request.ts';
import { checkStream, type StreamOptions, streamRows } from './stream.ts';
import { runTransaction, type TransactionOptions } from './transaction.ts';
import { Workings } from './workings.ts';

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;

/** The one form that pg does not have: a config with limits. */
// biome-ignore lint/suspicious/noExplicitAny: as in pg's own typings.
type LimitedQuery = <Row extends QueryResultRow = any, Values = any[]>(
  config: PgQueryConfig<Values> & QueryLimits,
  values?: QueryConfigValues<Values>,
) => Promise<QueryResult<Row>>;

/** What pg.Pool sets in its constructor and its typings leave out. */
interface PgPoolFields {
  readonly options: pg.PoolOptions & Pick<PoolConfig, 'verify' | 'onConnect'>;
  Client: DriverClientClass;
  Promise: PromiseConstructor;
  log(message: string, detail?: unknown): void;
  ending: boolean;
  ended: boolean;
}

/** As long as a caller waits by default: shutdowns are given no less. */
const endTimeoutMs = 30_000;

const doNothing = (): void => undefined;

/** Calls a user's callback; what it throws ends the process, as with pg, if nobody catches it. */
function callOutside(callback: QueryCallback, error: Error | undefined, result?: unknown): void {
  try {
    if (error) callback(error);
    else callback(undefined, result);
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown;
    });
  }
}

/**
 * A drop-in for `pg.Pool`: the same options, methods, callback forms, events and properties, and `instanceof pg.Pool` holds.
 * Nothing hangs: what pg leaves without a limit has Openline's defaults (see {@link PgPoolOptions}).
 *
 * @example
 * ```ts
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * const { rows } = await pool.query('select $1::int as answer', [42]);
 * await pool.end();
 * ```
 */
export class Pool extends pg.Pool {
  readonly #workings: Workings;
  readonly #loans: Loans;
  #listener: Listener | undefined;

  /** @throws {@link InvalidOptionsError} where one of Openline's own options is wrong. Names that nobody knows are let pass, as pg does. */
  constructor(options: PgPoolOptions = {}) {
    super(options as PoolConfig);
    const given = { ...options };
    warnOfSlips(given);
    const pool = this.#fields;
    this.#workings = new Workings(given, {
      get options() {
        return pool.options;
      },
      get Client() {
        return pool.Client;
      },
      log: (...message) => pool.log(...message),
      hears: (event) => this.listenerCount(event as 'error') > 0,
      tell: (event, ...args) => this.#tell(event, ...args),
      isKept: (client) => this.#listener?.keeps(client) === true,
    });
    this.#loans = new Loans({
      lentToUser: (client) => this.#workings.lentToUser(client),
      returned: (client, error) => this.#tell('release', error, client),
    });
  }

  get #fields(): PgPoolFields {
    return this as unknown as PgPoolFields;
  }

  get #engine(): EnginePool<DriverClient> {
    return this.#workings.engine;
  }

  /** Emits an event. What a listener throws ends the process, as with pg, if nobody catches it; it costs the pool nothing. */
  #tell(event: string, ...args: unknown[]): void {
    try {
      this.emit(event as 'connect', ...(args as [PoolClient]));
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    const connected = this.#workings
      .acquire(undefined)
      .then((lease) => this.#loans.toUser(lease), throwAsDriver);
    if (callback === undefined) return this.#inTheirs(connected);
    connected.then(
      (client) => callback(undefined, client, client.release),
      (error: Error) => callback(error, undefined, doNothing),
    );
    return undefined;
  }

  /** A promise of the class that the `Promise` option names. */
  #inTheirs<T>(promise: Promise<T>): Promise<T> {
    const Theirs = this.#fields.Promise;
    return Theirs === Promise ? promise : Theirs.resolve(promise);
  }

  /**
   * Runs one statement on a connection of the pool: in all of pg's forms, and with {@link QueryLimits} in its config.
   *
   * @throws (rejects) the server's own error, {@link AcquireTimeoutError}, {@link RequestTimeoutError} when a limit strikes, or the signal's reason.
   */
  declare query: LimitedQuery & pg.Pool['query'];

  static {
    Pool.prototype.query = function (
      this: Pool,
      text: unknown,
      values?: unknown,
      callback?: unknown,
    ): unknown {
      return this.#queryInAnyForm(text, values, callback);
    } as Pool['query'];
  }

  #queryInAnyForm(query: unknown, values: unknown, callback: unknown): unknown {
    const done = (typeof values === 'function' ? values : callback) as QueryCallback | undefined;
    const parameters = typeof values === 'function' ? undefined : values;
    if (typeof query === 'function') return this.#queryWithoutText(query as QueryCallback);
    const answered = this.#query(query, parameters);
    if (done === undefined) return this.#inTheirs(answered);
    // After the driver has done with what it read, and in the caller's own async context.
    answered.then(
      (result) => callOutside(done, undefined, result),
      (error: Error) => callOutside(done, error),
    );
    return undefined;
  }

  #queryWithoutText(callback: QueryCallback): void {
    const error = new Error('Passing a function as the first parameter to pool.query is not supported');
    setImmediate(() => callback(error));
  }

  #query(query: unknown, values: unknown): Promise<unknown> {
    if (this.ending) return this.#workings.acquire(undefined).catch(fromHere);
    const { queries } = this.#workings;
    const config = plainConfig(query, values);
    return config === undefined ? queries.runAsItIs(query, values) : queries.run(config);
  }

  /** Only an error that has killed the connection costs it. */
  #giveBack(lease: Lease<DriverClient>, client: DriverClient, error: Error | null | undefined): void {
    // The pool has ended meanwhile, and has taken back what was lent.
    if (lease.ended) return;
    if (error && isFatal(error, client)) lease.discard(error);
    else lease.release();
    this.#tell('release', error ?? undefined, client);
  }

  /**
   * Acquires a client as a lease: see {@link EnginePool.acquire}. `client.release()` ends it too.
   *
   * @throws (rejects) the driver's own error when no client can connect, {@link AcquireTimeoutError}, {@link PoolClosedError}, or the signal's reason.
   */
  async acquire(options?: AcquireOptions): Promise<Lease<PoolClient>> {
    return this.#loans.asLease(await this.#workings.acquire(options).catch(throwAsDriver));
  }

  async #acquireForWork(options: AcquireOptions): Promise<Lease<PoolClient>> {
    return this.#loans.asLeaseOfWork(await this.#workings.acquire(options).catch(throwAsDriver));
  }

  /** Runs `work` with a client and gives it back however `work` ends; after a fatal error it is closed. */
  async use<T>(work: (client: PoolClient) => T | Promise<T>, options?: AcquireOptions): Promise<T> {
    const lease = await this.#workings.acquire(options).catch(throwAsDriver);
    const client = lease.connection;
    try {
      const result = await work(this.#loans.toWork(lease));
      this.#giveBack(lease, client, undefined);
      return result;
    } catch (error) {
      this.#giveBack(lease, client, error as Error);
      throw error;
    }
  }

  /**
   * Runs `work` in a transaction: committed when it returns, rolled back when it throws.
   *
   * @param options - isolation, readOnly, deferrable; what is missing is the server's default
   * @throws (rejects) what `work` throws, or an error when the commit turned out to be a rollback.
   */
  transaction<T>(
    work: (client: PoolClient) => T | Promise<T>,
    options: TransactionOptions & AcquireOptions = {},
  ): Promise<T> {
    const { timeoutMs, signal, ...transaction } = options;
    return this.use((client) => runTransaction(this.#engine.name, client, work, transaction), {
      timeoutMs,
      signal,
    });
  }

  /**
   * The rows of one plain read, fetched some at a time: `for await (const row of pool.stream('select …')) …`. The connection is acquired at the
   * first row and given back however the loop ends: at its end, by `break`, by an error. It goes through a cursor (`DECLARE … NO SCROLL CURSOR`) in a
   * read-only transaction, which needs nothing but pg and goes through a transaction pooler too; the server plans for the first tenth of the rows (`cursor_tuple_fraction`).
   *
   * @throws {@link InvalidOptionsError}; the loop: the server's own error, {@link AcquireTimeoutError}, or the signal's reason.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in pg's own typings.
  stream<Row extends QueryResultRow = any>(
    text: string,
    values?: unknown[],
    options: StreamOptions = {},
  ): AsyncIterable<Row> {
    const batchSize = checkStream(this.#workings.limits.poolName, options);
    return streamRows<Row>(
      (acquiring) => this.#acquireForWork(acquiring),
      text,
      values,
      batchSize,
      options.signal,
    );
  }

  /**
   * Listens to a channel, over one connection that all channels of the pool share and `max` counts, and goes on after that connection was lost.
   * Needs a session: not through a transaction pooler.
   *
   * @throws (rejects) {@link AcquireTimeoutError}, the driver's own error when no client can connect, or {@link PoolClosedError}.
   */
  listen(channel: string, handler: NotificationHandler, options: ListenOptions = {}): Promise<Subscription> {
    const { limits, keepaliveMs } = this.#workings;
    const { poolName } = limits;
    this.#listener ??= new Listener({ poolName, keepaliveMs, acquire: () => this.acquire() });
    return this.#listener.listen(channel, handler, options);
  }

  /**
   * Closes the pool: callers in the queue are refused, loans waited for, and it resolves when the sockets are closed. A second call is an error, as with pg.
   *
   * @param options - `timeoutMs`: how long loans are waited for, default 30,000; `Infinity`: as long as they take, as with pg
   */
  override end(options?: { readonly timeoutMs?: number }): Promise<void>;
  override end(callback: (error?: Error) => void): void;
  override end(
    option?: { readonly timeoutMs?: number } | ((error?: Error) => void),
  ): Promise<void> | undefined {
    const callback = typeof option === 'function' ? option : undefined;
    const timeoutMs = typeof option === 'function' ? undefined : option?.timeoutMs;
    const ended = this.#end(timeoutMs ?? endTimeoutMs).then(doNothing);
    if (callback === undefined) return this.#inTheirs(ended);
    ended.then(() => callback(), callback);
    return undefined;
  }

  async #end(timeoutMs: number): Promise<CloseReport | undefined> {
    if (this.ending) throw new Error('Called end on pool more than once');
    this.#fields.ending = true;
    this.#fields.log('ending');
    this.#workings.end();
    this.#listener?.close();
    try {
      const report = await this.#workings.madeEngine?.close({ timeoutMs });
      this.#fields.ended = true;
      return report;
    } finally {
      this.#workings.ended();
    }
  }

  // pg's typings call these properties, so TypeScript lets no accessor stand in their place.
  static {
    const getters: Record<
      'totalCount' | 'idleCount' | 'waitingCount' | 'expiredCount',
      (pool: Pool) => number
    > = {
      totalCount: (pool) => openOf(pool.#workings.madeEngine?.counts()),
      idleCount: (pool) => pool.#workings.madeEngine?.counts().idle ?? 0,
      waitingCount: (pool) => inLineOf(pool.#workings.madeEngine?.counts()),
      expiredCount: (pool) => (pool.#workings.madeEngine?.connections() ?? []).filter(isExpired).length,
    };
    for (const [name, count] of Object.entries(getters)) {
      Object.defineProperty(Pool.prototype, name, {
        configurable: true,
        get(this: Pool) {
          return count(this);
        },
      });
    }
  }

  /** See {@link EnginePool.stats}. */
  stats(): PoolStats {
    return this.#workings.engineToLookAt.stats();
  }

  /** See {@link EnginePool.status}. */
  status(): PoolStatus {
    return this.#workings.engineToLookAt.status();
  }

  /** See {@link EnginePool.holders}. */
  holders(): HolderInfo[] {
    return this.#workings.engineToLookAt.holders();
  }

  /** See {@link EnginePool.connections}. */
  connections(): ConnectionInfo[] {
    return this.#workings.engineToLookAt.connections();
  }

  /** The texts of the statements under way, by the number of their connection. See {@link EnginePool.requests}. */
  requests(): ReadonlyMap<number, string> {
    return this.#workings.engineToLookAt.requests();
  }

  /** See {@link EnginePool.resize}. */
  resize(size: { readonly max?: number; readonly min?: number }): void {
    this.#engine.resize(size);
    Object.assign(this.options, size);
  }

  /** See {@link EnginePool.refresh}. */
  refresh(options?: { readonly immediate?: boolean }): Promise<void> {
    return this.#engine.refresh(options);
  }

  /** See {@link EnginePool.warm}. */
  warm(n: number): Promise<void> {
    return this.#engine.warm(n);
  }

  /** See {@link EnginePool.suspend}. */
  suspend(): void {
    this.#engine.suspend();
  }

  /** See {@link EnginePool.resume}. */
  resume(): void {
    this.#engine.resume();
  }
}

/**
 * A {@link Pool} whose option names are checked, all of them.
 *
 * @throws {@link InvalidOptionsError} with every fault.
 */
export function createPool(options: PgPoolOptions = {}): Pool {
  refuseUnknown(options);
  return new Pool(options);
}

/** pg counts a connection from the beginning of its open to the beginning of its close. */
function openOf(counts: PoolCounts | undefined): number {
  return counts === undefined ? 0 : counts.size - counts.closing - counts.detached;
}

/** pg does not count those for whom a connection is being opened. */
function inLineOf(counts: PoolCounts | undefined): number {
  return counts === undefined ? 0 : Math.max(0, counts.waiting - counts.opening);
}

function isExpired({ condemned, state }: ConnectionInfo): boolean {
  return condemned === 'lifetime' && state !== 'closing';
}
