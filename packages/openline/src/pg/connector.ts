// How the engine opens, checks and closes PostgreSQL connections through the driver.

import {
  type CheckContext,
  type Connector,
  type OpenContext,
  type Line as PlacedLine,
  type Lines as PlacedLines,
  systemClock,
} from '../core/index.ts';
import { type DriverClient, isBusy, isDead, textUnderWay } from './driver.ts';
import { isFatal, isFull, isRetryable, isServers, isStartingUp } from './failures.ts';
import { watchHandshake } from './handshake.ts';
import { checkServer, type HostAddress, type Hosts, noteParameters, type Wanted } from './hosts.ts';
import type { LineTable } from './lines.ts';
import { abandon, run, transactionLeft, unfinished, untilQuiet } from './rest.ts';
import type { Sessions } from './session-reset.ts';
import { type SessionState, sessionState } from './session-state.ts';
import { TlsShortcuts } from './tls.ts';

/** What the connector asks of the pool that uses it. */
export interface ClientSource {
  /** A new client, not connected: for this address, or for the one of the options. */
  create(address: HostAddress | undefined): DriverClient;
  /** Where there are several servers. */
  readonly hosts: Hosts | undefined;
  /** The limit for one open, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Runs the user's hooks on a client that has just connected. */
  prepare(client: DriverClient): Promise<void> | undefined;
  /** Whether a client is lent for long on purpose. */
  isKept(client: DriverClient): boolean;
  /** An idle client has died. */
  died(client: DriverClient, error: Error): void;
  /** Whether idle connections let the process end. */
  readonly unrefIdle: boolean;
  /** The limit for a validation or reset where the engine has none: opening may take for ever, what is open may not. */
  readonly checkLimitMs: number;
}

/** How long the server may take to close its side before the socket is destroyed. */
const goodbyeMs = 1_000;

/** The connector for one pool of clients. */
export class PgConnector implements Connector<DriverClient> {
  readonly #source: ClientSource;
  /** Each client's own `end`: libraries replace it during a loan. */
  readonly #ends = new WeakMap<DriverClient, DriverClient['end']>();
  readonly #tls = new TlsShortcuts();
  readonly #lines: LineTable;
  readonly #sessions: Sessions;
  readonly sharesFirst = true;

  constructor(source: ClientSource, lines: LineTable, sessions: Sessions) {
    this.#source = source;
    this.#lines = lines;
    this.#sessions = sessions;
  }

  isWorking(client: DriverClient): boolean {
    return isBusy(client);
  }

  requestOn(client: DriverClient): string | undefined {
    return textUnderWay(client);
  }

  /** A statement of the pool's own ends with the server's answer or by its limits, however long it takes: nobody has forgotten it. */
  isKept(client: DriverClient): boolean {
    return this.#source.isKept(client) || (this.#lines.of(client)?.sendings.length ?? 0) > 0;
  }

  /** Between the rows of a cursor and in the middle of a COPY the driver is busy too; in a transaction that nobody goes on with it is not. */
  isQuiet(client: DriverClient): boolean {
    return isDead(client) || !isBusy(client);
  }

  capacity(client: DriverClient): number {
    return this.#lines.capacity(client);
  }

  place(lines: PlacedLines<DriverClient>, claim: unknown): PlacedLine<DriverClient> | undefined {
    return this.#lines.place(lines, claim);
  }

  open(context: OpenContext): Promise<DriverClient> {
    const { hosts, connectTimeoutMs } = this.#source;
    if (hosts === undefined) return this.#openOn(undefined, 'any', context);
    return hosts.open(
      (address, wanted, limitMs) => this.#openWithin(address, wanted, limitMs, context),
      connectTimeoutMs,
    );
  }

  async #openWithin(
    address: HostAddress,
    wanted: Wanted,
    limitMs: number,
    context: OpenContext,
  ): Promise<DriverClient> {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    context.signal.addEventListener('abort', stop, { once: true });
    const timer = systemClock.setTimer(stop, limitMs);
    try {
      return await this.#openOn(address, wanted, {
        signal: attempt.signal,
        phase: (name) => context.phase(name),
        address: (text) => context.address(text),
      });
    } catch (error) {
      if (!attempt.signal.aborted || context.signal.aborted) throw error;
      throw Object.assign(new Error(`no answer within ${Math.round(limitMs)} ms`), { code: 'ETIMEDOUT' });
    } finally {
      timer.cancel();
      context.signal.removeEventListener('abort', stop);
    }
  }

  async #openOn(
    address: HostAddress | undefined,
    wanted: Wanted,
    context: OpenContext,
  ): Promise<DriverClient> {
    const client = this.#source.create(address);
    const attempt = this.#tls.prepare(client);
    try {
      return await this.#connect(client, wanted, context);
    } catch (error) {
      if (context.signal.aborted || !this.#tls.isWorthAsking(attempt, error)) throw error;
      const second = this.#source.create(address);
      this.#tls.prepare(second);
      return await this.#connect(second, wanted, context);
    }
  }

  async #connect(client: DriverClient, wanted: Wanted, context: OpenContext): Promise<DriverClient> {
    this.#ends.set(client, client.end);
    // An `error` event that nobody hears would end the process; what has died is told through onLost.
    client.on('error', () => undefined);
    watchHandshake(client, context);
    if (wanted !== 'any') noteParameters(client);
    const stop = (): void => destroy(client);
    context.signal.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        client.connect((error) => (error ? reject(error) : resolve()));
      });
      if (wanted !== 'any') await checkServer(client, wanted);
      const preparing = this.#source.prepare(client);
      if (preparing !== undefined) {
        context.phase('hooks');
        await preparing;
      }
    } catch (error) {
      if (!isDead(client)) destroy(client);
      throw error;
    } finally {
      context.signal.removeEventListener('abort', stop);
    }
    if (this.#source.unrefIdle) client.unref?.();
    this.#lines.add(client);
    this.#sessions.opened(client);
    return client;
  }

  /**
   * Asks what the server does in the session of a client: over a new connection, which no pool counts, since all those of the pool may be dead.
   *
   * @throws (rejects) when no server answers within the limit.
   */
  async ask(client: DriverClient, ageMs: number, limitMs: number): Promise<SessionState> {
    const deadline = systemClock.now() + limitMs;
    const { host, port } = client;
    const asker = this.#source.create(host === undefined ? undefined : { host, port });
    asker.on('error', () => undefined);
    this.#tls.prepare(asker);
    const late = systemClock.setTimer(() => destroy(asker), limitMs);
    try {
      await new Promise<void>((resolve, reject) => {
        asker.connect((error) => (error ? reject(error) : resolve()));
      });
      const leftMs = deadline - systemClock.now();
      const state = await sessionState(client, { asker, ageMs, limitMs: leftMs });
      if (systemClock.now() >= deadline) throw new Error(`no answer within ${limitMs} ms`);
      return state;
    } catch (error) {
      // A server that is full, or refuses for its own reasons, is there.
      if (isServers(error)) return isStartingUp(error) ? 'gone' : 'unknown';
      throw systemClock.now() >= deadline ? new Error(`no answer within ${limitMs} ms`) : error;
    } finally {
      late.cancel();
      void this.close(asker);
    }
  }

  validate(client: DriverClient): Promise<void> {
    return this.#bounded(run(client, ''));
  }

  /**
   * Statements under way are waited for; an open or failed transaction is rolled back: its status costs nothing to read. Then the session is
   * put in order as the pool's policy says. What can't come to rest by itself closes the connection.
   */
  reset(client: DriverClient, context: CheckContext): Promise<void> | undefined {
    if (this.#source.unrefIdle) client.unref?.();
    this.#lines.of(client)?.returned();
    this.#sessions.returned(client);
    if (isDead(client)) return Promise.reject(new Error('the client takes no statements any more'));
    if (isBusy(client)) return this.#resetBusy(client, context);
    if (transactionLeft(client) === undefined && !this.#sessions.isToRestore(client)) return undefined;
    return this.#bounded(this.#resetQuiet(client, context));
  }

  #resetBusy(client: DriverClient, context: CheckContext): Promise<void> {
    const left = unfinished(client);
    if (left === undefined) return this.#bounded(this.#quietFirst(client, context));
    context.dirty(left.what);
    abandon(left.query);
    return Promise.reject(new Error(`the client was given back with ${left.what}`));
  }

  async #quietFirst(client: DriverClient, context: CheckContext): Promise<void> {
    await untilQuiet(client, context.signal);
    if (!context.signal.aborted) await this.#resetQuiet(client, context);
  }

  async #resetQuiet(client: DriverClient, context: CheckContext): Promise<void> {
    const left = transactionLeft(client);
    if (left !== undefined) {
      context.dirty(left);
      await run(client, 'ROLLBACK');
    }
    if (this.#sessions.isToRestore(client)) await this.#sessions.restore(client, context.signal);
  }

  #bounded(check: Promise<void>): Promise<void> {
    const { checkLimitMs } = this.#source;
    if (checkLimitMs === Number.POSITIVE_INFINITY) return check;
    return new Promise((resolve, reject) => {
      const over = (): void => reject(new Error(`no answer within ${checkLimitMs} ms`));
      const timer = systemClock.setTimer(over, checkLimitMs);
      void check.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  close(client: DriverClient): Promise<void> {
    this.#lines.remove(client);
    return new Promise((resolve) => {
      const late = systemClock.setTimer(() => destroy(client), goodbyeMs);
      const end = this.#ends.get(client) ?? client.end;
      end.call(client, () => {
        late.cancel();
        resolve();
      });
    });
  }

  isFatal(error: unknown, client: DriverClient): boolean {
    return isFatal(error, client);
  }

  isRetryable(error: unknown): boolean {
    return isRetryable(error);
  }

  isFull(error: unknown): boolean {
    return isFull(error);
  }

  onLost(client: DriverClient, lost: (error: unknown) => boolean): void {
    client.once('error', (error: Error) => {
      if (lost(error)) this.#source.died(client, error);
    });
    client.once('end', () => lost(new Error('the server closed the connection')));
  }
}

/** Ends a client without a goodbye. */
function destroy(client: DriverClient): void {
  if (client.connection !== undefined) client.connection.stream.destroy();
  else client.end(() => undefined);
}
