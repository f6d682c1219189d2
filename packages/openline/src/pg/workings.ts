// What stands behind a pool of pg: the engine with its connector, its lines and sessions, the watch over them, and the queries.

import type { PoolOptions as PgOptions, PoolClient, PoolConfig } from 'pg';
import {
  type AcquireOptions,
  checkOptions,
  Pool as EnginePool,
  type Lease,
  PoolClosedError,
  systemClock,
  warnOfSeconds,
} from '../core/index.ts';
import { explainer } from '../insight/index.ts';
import { PgConnector } from './connector.ts';
import { asPoolClient, type DriverClient, type DriverClientClass } from './driver.ts';
import { isReadOnly } from './failures.ts';
import type { HostAddress, Hosts } from './hosts.ts';
import type { PoolLimits } from './limits.ts';
import { LineTable } from './lines.ts';
import { logObserver } from './log.ts';
import {
  checkLimitMs,
  clientsPipeline,
  engineOptions,
  hostsOf,
  type PgPoolOptions,
  pipelining,
  preparedNames,
  resetPolicy,
  startupOptions,
  statementTimeouts,
} from './options.ts';
import { freeName, takeName } from './pool-name.ts';
import { Pooler } from './pooler.ts';
import { Queries } from './queries.ts';
import { Sessions } from './session-reset.ts';
import { Watch } from './watch.ts';

/** The pool as its workings see it: pg's fields, which programs may change while it runs, and its events. */
export interface PoolFront {
  readonly options: PgOptions & Pick<PoolConfig, 'verify' | 'onConnect'>;
  readonly Client: DriverClientClass;
  log(message: string, detail?: unknown): void;
  /** Whether an event has listeners. */
  hears(event: string): boolean;
  /** Emits an event; it costs the pool nothing, whatever a listener does. */
  tell(event: string, ...args: unknown[]): void;
  /** Whether a client is lent for long on purpose. */
  isKept(client: DriverClient): boolean;
}

/** Where opening may take for ever, a cancel or a question to the server may not. */
const longestAskMs = 5_000;

/** The workings of one pool. */
export class Workings {
  /** The limits of its statements. */
  readonly limits: PoolLimits;
  /** How often an idle connection is asked whether it lives, in milliseconds. */
  readonly keepaliveMs: number;
  readonly #given: PgPoolOptions;
  readonly #front: PoolFront;
  readonly #connectTimeoutMs: number;
  readonly #pooler: Pooler;
  readonly #hosts: Hosts | undefined;
  readonly #startupOptions: string | undefined;
  readonly #sessions: Sessions;
  readonly #lines: LineTable;
  #engine: EnginePool<DriverClient> | undefined;
  #queries: Queries | undefined;
  #isReplacing = false;
  #isEnding = false;

  /** @throws {@link InvalidOptionsError} where one of Openline's own options is wrong */
  constructor(given: PgPoolOptions, front: PoolFront) {
    const { acquireTimeoutMs, connectTimeoutMs, keepaliveMs } = checkOptions('pg', engineOptions(given));
    this.#given = given;
    this.#front = front;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.keepaliveMs = keepaliveMs;
    const timeouts = statementTimeouts(given);
    this.#pooler = new Pooler(preparedNames(given));
    this.#hosts = hostsOf(given);
    this.#startupOptions = startupOptions(given);
    this.#sessions = new Sessions(resetPolicy(given), () => front.options.onConnect);
    // When nothing is left that can be refused.
    const poolName = given.name || takeName(given, this.#hosts, this);
    this.limits = { poolName, acquireTimeoutMs, ...timeouts };
    this.#lines = new LineTable(this.#askLimitMs, given.stream);
  }

  get #askLimitMs(): number {
    return Math.min(this.#connectTimeoutMs, longestAskMs);
  }

  /** Made at the first use: with `min`, it begins to connect. */
  get engine(): EnginePool<DriverClient> {
    this.#engine ??= this.#makeEngine(true);
    return this.#engine;
  }

  /** For those who only look at it: that opens nothing. */
  get engineToLookAt(): EnginePool<DriverClient> {
    this.#engine ??= this.#makeEngine(false);
    return this.#engine;
  }

  /** The engine, if it was ever needed. */
  get madeEngine(): EnginePool<DriverClient> | undefined {
    return this.#engine;
  }

  get queries(): Queries {
    this.#queries ??= new Queries({
      engine: this.engine,
      lines: this.#lines,
      pipelining: pipelining(this.#given.pipeline),
      limits: this.limits,
      pooler: this.#pooler,
      acquire: (options) => this.acquire(options),
      lent: (client) => this.#tellOfLoan(client),
      returned: (client, error) => {
        if (this.#hosts !== undefined && isReadOnly(error)) this.#replaceAll();
        this.#front.tell('release', error ?? undefined, client);
      },
    });
    return this.#queries;
  }

  /** A lease from the engine; what fails is still the engine's error. */
  acquire(options: AcquireOptions | undefined): Promise<Lease<DriverClient>> {
    if (!this.#isEnding) return this.engine.acquire(options);
    const { poolName } = this.limits;
    return Promise.reject(new PoolClosedError(poolName, 'Cannot use a pool after calling end on the pool'));
  }

  /** Nothing is acquired any more. */
  end(): void {
    this.#isEnding = true;
  }

  /** Everything is closed. */
  ended(): void {
    if (!this.#given.name) freeName(this.limits.poolName);
  }

  /** A client goes to a user. */
  lentToUser(client: DriverClient): void {
    this.#lines.of(client)?.lendTo('user', clientsPipeline(this.#given.pipeline));
    this.#sessions.lent(client);
    this.#tellOfLoan(client);
  }

  #tellOfLoan(client: DriverClient): void {
    if (this.#front.options.allowExitOnIdle) client.ref?.();
    if (this.#front.hears('acquire')) this.#front.tell('acquire', client);
  }

  #makeEngine(opensMin: boolean): EnginePool<DriverClient> {
    const front = this.#front;
    const options = engineOptions(this.#given);
    const connector = new PgConnector(
      {
        create: (address) => new front.Client(this.#clientConfig(address)),
        hosts: this.#hosts,
        connectTimeoutMs: this.#connectTimeoutMs,
        prepare: (client) => this.#prepare(client),
        died: (client, error) => this.#died(client, error),
        isKept: (client) => front.isKept(client) || this.#queries?.sendsAsItIs(client) === true,
        unrefIdle: front.options.allowExitOnIdle,
        checkLimitMs: checkLimitMs(this.#given),
      },
      this.#lines,
      this.#sessions,
    );
    const removed = {
      closed: ({ connection }: { connection: unknown }) => front.tell('remove', connection),
    };
    const logged = logObserver((...message) => front.log(...message));
    const engine = new EnginePool<DriverClient>(
      connector,
      {
        explainer,
        ...options,
        name: this.limits.poolName,
        observers: [...(options.observers ?? []), removed, logged],
      },
      opensMin,
    );
    // What was given under pg's names is in pg's units, and small numbers are common there.
    warnOfSeconds(engine.name, this.#given as object);
    const watch = new Watch(this.#lines, {
      poolName: engine.name,
      readTimeoutMs: this.limits.readTimeoutMs,
      hasRoom: () => {
        const { idle, size, max } = engine.counts();
        return idle > 0 || size < max;
      },
      ask: ({ client, openedAt }) => connector.ask(client, systemClock.now() - openedAt, this.#askLimitMs),
      foundDead: () => this.#replaceAll(),
    });
    this.#lines.onUse = (mayStall) => watch.start(mayStall);
    return engine;
  }

  /** Closes what is idle now and what is lent when it comes back: it leads to the wrong place, or nowhere. */
  #replaceAll(): void {
    if (this.#isReplacing) return;
    this.#isReplacing = true;
    const done = (): void => {
      this.#isReplacing = false;
    };
    this.engine.refresh({ immediate: true }).then(done, done);
  }

  /** A client's own options: pg's, without the timeout that the engine keeps. */
  #clientConfig(address: HostAddress | undefined): object {
    const { options } = this.#front;
    const config = {
      ...options,
      ...(address === undefined ? {} : { host: address.host, port: address.port ?? options.port }),
      ...(this.#given.settings === undefined ? {} : { options: this.#startupOptions }),
      connectionTimeoutMillis: 0,
      pipeline: clientsPipeline(this.#given.pipeline),
    };
    Object.defineProperty(config, 'password', {
      value: options.password,
      enumerable: false,
      configurable: true,
      writable: true,
    });
    return config;
  }

  #prepare(client: DriverClient): Promise<void> | undefined {
    const { onConnect, verify } = this.#front.options;
    if (onConnect || verify) return this.#runHooks(client);
    this.#front.tell('connect', client);
    return undefined;
  }

  async #runHooks(client: DriverClient): Promise<void> {
    const { onConnect, verify } = this.#front.options;
    if (onConnect) await this.#sessions.runHook(client);
    this.#front.tell('connect', client);
    if (!verify) return;
    try {
      await new Promise<void>((resolve, reject) => {
        verify(asPoolClient(client) as PoolClient, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      client.once('end', () => this.#front.tell('remove', client));
      throw error;
    }
  }

  /** pg tells of the death of an idle client as an `error` of the pool; unheard, such an event would end the process. */
  #died(client: DriverClient, error: Error): void {
    if (this.#front.hears('error')) this.#front.tell('error', Object.assign(error, { client }), client);
  }
}
