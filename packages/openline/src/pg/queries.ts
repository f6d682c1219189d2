// Every statement that is put to the pool: which way it goes, on a shared line or on a connection of its own, and how often.

import {
  type AcquireOptions,
  type Pool as EnginePool,
  type Lease,
  type Moment,
  remainingMs,
  systemClock,
} from '../core/index.ts';
import { type DriverClient, isDead, type QueryCallback, withAnswer } from './driver.ts';
import { fromHere, throwAsDriver } from './errors.ts';
import { isFatal } from './failures.ts';
import { LimitWatch, limitsOf, type PoolLimits } from './limits.ts';
import type { Line } from './line.ts';
import type { LineTable } from './lines.ts';
import { checkLimits } from './options.ts';
import type { Pooler } from './pooler.ts';
import { bytesOf, type QueryConfig, type Request, writableValues } from './request.ts';
import { again, type Sender, Sending, type SendingManner } from './sending.ts';
import { type Profile, Statements } from './statements.ts';

/** Which statements share lines; see {@link PgPoolOptions.pipeline}. */
export type Pipelining = 'reads' | 'all' | false;

/** What the queries need of their pool. */
export interface QueryHost {
  readonly engine: EnginePool<DriverClient>;
  readonly lines: LineTable;
  readonly pipelining: Pipelining;
  readonly limits: PoolLimits;
  readonly pooler: Pooler;
  /** Acquires with the pool's own refusals. */
  acquire(options: AcquireOptions | undefined): Promise<Lease<DriverClient>>;
  /** A client was lent for a statement. */
  lent(client: DriverClient): void;
  /** It came back. */
  returned(client: DriverClient, error: unknown): void;
}

const plainManner: SendingManner = {
  name: undefined,
  closes: undefined,
  description: undefined,
  timed: false,
  isFirst: false,
};

/** The driver's own words. */
function notUnique(name: string): string {
  return `Prepared statements must be unique - '${name}' was used for a different statement`;
}

/** The statements of one pool. */
export class Queries implements Sender {
  readonly #host: QueryHost;
  readonly #statements = new Statements();
  /** Those that run a statement which goes out as the driver sends it. */
  readonly #sendingAsItIs = new Set<DriverClient>();

  constructor(host: QueryHost) {
    this.#host = host;
  }

  get lastTurnAt(): number {
    return this.#host.lines.lastTurnAt;
  }

  reached(ms: number): void {
    this.#host.lines.reached(ms);
  }

  nameLost(): void {
    this.#host.pooler.doubt();
  }

  /** Does a statement of the pool's own run there that is on no line? */
  sendsAsItIs(client: DriverClient): boolean {
    return this.#sendingAsItIs.has(client);
  }

  /** Runs a statement: resolves with the driver's result. */
  async run(config: QueryConfig): Promise<unknown> {
    try {
      const request = this.#request(config);
      for (;;) {
        const shares = this.#shares(request);
        const lease =
          this.#lendAtOnce(shares, request) ?? (await this.#wait(shares, request).catch(throwAsDriver));
        const outcome = await this.#send(request, lease);
        if (outcome !== again) return outcome;
        config.signal?.throwIfAborted();
      }
    } catch (error) {
      return fromHere(error);
    }
  }

  #request(config: QueryConfig): Request {
    if (config.signal !== undefined) config.signal.throwIfAborted();
    if (config.readTimeoutMs !== undefined || config.statementTimeoutMs !== undefined) {
      const { readTimeoutMs, statementTimeoutMs } = config;
      checkLimits({ readTimeoutMs, statementTimeoutMs });
    }
    const profile = this.#statements.profile(config.text);
    profile.uses++;
    const values = writableValues(config.values);
    return {
      config,
      values,
      bytes: bytesOf(config, values),
      profile,
      costMs: profile.expectedMs,
      isLast: profile.kind !== 'read',
      began: systemClock.turnNow(),
      sentAt: undefined,
      resent: 0,
      moved: false,
      unnamed: false,
    };
  }

  /** Short reads share; what is long, or not known yet, has a connection of its own, like whatever may wait for a lock. */
  #shares({ profile, moved }: Request): boolean {
    return !moved && this.#mayShare(profile) && profile.expectedMs <= this.#host.lines.budgetMs;
  }

  #mayShare({ kind }: Profile): boolean {
    const { pipelining } = this.#host;
    return kind === 'read' ? pipelining !== false : kind === 'write' && pipelining === 'all';
  }

  #lendAtOnce(shares: boolean, request: Request): Lease<DriverClient> | undefined {
    const { engine } = this.#host;
    if (shares) return engine.tryAcquire('shared', request);
    // A long one may have to begin a little apart from others.
    return request.profile.holdsMs === undefined ? engine.tryAcquire() : undefined;
  }

  #wait(shares: boolean, request: Request): Promise<Lease<DriverClient>> {
    const { resent, began } = request;
    const { signal } = request.config;
    const expectedMs = shares ? undefined : request.profile.holdsMs;
    if (!shares && resent === 0 && signal === undefined && expectedMs === undefined)
      return this.#host.acquire(undefined);
    // One deadline for all waits of a statement, however often it is sent.
    const timeoutMs = resent === 0 ? undefined : this.#leftToWait(began);
    const mode = shares ? 'shared' : 'exclusive';
    return this.#host.acquire({ mode, claim: request, timeoutMs, signal, expectedMs });
  }

  #leftToWait(began: Moment): number {
    return Math.max(0, this.#host.limits.acquireTimeoutMs - (systemClock.now() - began.ms));
  }

  #send(request: Request, lease: Lease<DriverClient>): Promise<unknown> {
    const line = this.#host.lines.of(lease.connection);
    if (line === undefined) return this.#sendAsItIs(request.config, undefined, lease);
    if (isDead(lease.connection)) return this.#elsewhere(request, line, lease);
    // A line that is shared was claimed when it was chosen.
    if (lease.mode === 'exclusive') line.claim(request);
    let manner: SendingManner;
    try {
      manner = this.#manner(request, line);
    } catch (error) {
      line.disclaim(request);
      this.#end(lease, undefined, error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#host.lent(lease.connection);
      line.lendTo('pool', false);
      this.#host.pooler.askIfWanted(line);
      const sending = new Sending(request, manner, line, lease, this, resolve, reject);
      line.send(sending);
      request.sentAt ??= systemClock.turnNow();
      const limits = limitsOf(request.config, this.#host.limits, remainingMs());
      if (limits !== undefined) sending.watchedBy(new LimitWatch(sending, line, limits, this.#host.limits));
    });
  }

  /** The connection has died since it was chosen: nothing was sent. */
  #elsewhere(request: Request, line: Line, lease: Lease<DriverClient>): Promise<typeof again> {
    if (lease.mode === 'shared') line.disclaim(request);
    this.#end(lease, undefined, undefined);
    request.resent++;
    return Promise.resolve(again);
  }

  /**
   * How a statement is sent on a line: prepared under the user's name, or, where parameterised text comes again, under one of Openline's own;
   * but never under a name that is still being prepared: should that fail, all who use it would.
   */
  #manner({ config, profile, unnamed }: Request, line: Line): SendingManner {
    const { names } = line;
    const isFirst = line.sendings.length === 0;
    // A write is timed alone: others before it may be answered in the same way.
    const timed = profile.wantsTime && (profile.kind === 'read' || (this.#mayShare(profile) && isFirst));
    const own = config.name;
    const name =
      own ||
      (this.#namesItself(config, profile) && this.#host.pooler.allowsNames() ? profile.name : undefined);
    if (name === undefined || unnamed || names.isPending(name)) {
      return timed || isFirst ? { ...plainManner, timed, isFirst } : plainManner;
    }
    const prepared = names.text(name);
    if (prepared !== undefined && prepared !== config.text) throw new Error(notUnique(name));
    const closes = own ? (prepared === undefined ? names.toClose(name) : undefined) : names.use(name);
    // Its time counts from the server's description.
    const description = timed || !this.#host.pooler.isAbsent ? undefined : names.description(name);
    return { name, closes, description, timed, isFirst };
  }

  #namesItself({ values }: QueryConfig, { kind, uses }: Profile): boolean {
    return kind !== 'exclusive' && uses > 1 && values !== undefined && values !== null && values.length > 0;
  }

  /** Runs what only the driver understands (or a client that is not pg's own), on a connection of its own. */
  async runAsItIs(query: unknown, values: unknown): Promise<unknown> {
    try {
      const lease =
        this.#host.engine.tryAcquire() ?? (await this.#host.acquire(undefined).catch(throwAsDriver));
      return await this.#sendAsItIs(query, values, lease);
    } catch (error) {
      return fromHere(error);
    }
  }

  #sendAsItIs(query: unknown, values: unknown, lease: Lease<DriverClient>): Promise<unknown> {
    const client = lease.connection;
    this.#host.lent(client);
    this.#host.lines.of(client)?.lendTo('user', false);
    return new Promise((resolve, reject) => {
      let answered = false;
      const answer: QueryCallback = (error, result) => {
        // A statement that timed out may still be answered twice by the driver.
        if (answered) return;
        answered = true;
        this.#sendingAsItIs.delete(client);
        this.#end(lease, error && isFatal(error, client) ? error : undefined, error);
        if (error) reject(error);
        else resolve(result);
      };
      this.#sendingAsItIs.add(client);
      try {
        client.query(withAnswer(query, answer), values, answer);
      } catch (error) {
        this.#sendingAsItIs.delete(client);
        this.#end(lease, undefined, undefined);
        reject(error);
      }
    });
  }

  ended({ lease, request }: Sending, failure: unknown, error: unknown): void {
    if (lease.mode === 'exclusive') request.profile.held(systemClock.turnNow().ms - lease.acquiredAt);
    this.#end(lease, failure, error);
  }

  /** @param fatal - what has killed the connection, if anything has */
  #end(lease: Lease<DriverClient>, fatal: unknown, error: unknown): void {
    // The pool has ended meanwhile, and has taken back what was lent.
    if (lease.ended) return;
    const client = lease.connection;
    if (fatal !== undefined || isDead(client)) lease.discard(fatal);
    else lease.release();
    this.#host.returned(client, error);
  }
}
