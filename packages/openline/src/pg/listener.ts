// LISTEN that outlives its connection: one connection of the pool for all channels, replaced when it dies.

import { escapeIdentifier, type Notification, type PoolClient } from 'pg';
import { type Lease, PoolClosedError, systemClock, type TimerHandle } from '../core/index.ts';

/** Called for each notification: its payload (empty where it has none), and all that the server tells of it. */
export type NotificationHandler = (payload: string, notification: Notification) => void;

/** Options of `listen`. */
export interface ListenOptions {
  /** Called when the connection was lost and the channel is listened to again: what was notified meanwhile is lost. */
  readonly onReconnect?: () => void;
}

/** A channel that is listened to. */
export interface Subscription extends AsyncDisposable {
  /** Ends it; resolves when the server has heard it, if it still can. */
  unlisten(): Promise<void>;
}

interface Hearer {
  readonly channel: string;
  readonly handler: NotificationHandler;
  readonly onReconnect: (() => void) | undefined;
}

/** What the listener needs of its pool. */
export interface ListenerHost {
  readonly poolName: string;
  /** How often the connection is asked whether it lives, in milliseconds. */
  readonly keepaliveMs: number;
  acquire(): Promise<Lease<PoolClient>>;
}

/** After a failed attempt; the pool itself waits out an outage in between. */
const againAfterMs = 500;

/** Listens to the channels of one pool. */
export class Listener {
  readonly #host: ListenerHost;
  readonly #hearers = new Set<Hearer>();
  #lease: Lease<PoolClient> | undefined;
  #connecting: Promise<Lease<PoolClient>> | undefined;
  #asking: TimerHandle | undefined;
  #isClosed = false;

  constructor(host: ListenerHost) {
    this.#host = host;
  }

  /** Whether this client listens: it is lent for as long as anybody does. */
  keeps(client: unknown): boolean {
    return this.#lease?.ended === false && this.#lease.connection === client;
  }

  /** Listens to a channel; resolves when the server has heard it. */
  async listen(
    channel: string,
    handler: NotificationHandler,
    { onReconnect }: ListenOptions,
  ): Promise<Subscription> {
    const hearer: Hearer = { channel, handler, onReconnect };
    const isFirst = !this.#hears(channel);
    this.#hearers.add(hearer);
    try {
      const known = this.#lease;
      const lease = await this.#connected();
      // A connection that is new listens to all channels from the start.
      if (isFirst && lease === known) await lease.connection.query(`listen ${escapeIdentifier(channel)}`);
    } catch (error) {
      this.#hearers.delete(hearer);
      throw error;
    }
    const unlisten = (): Promise<void> => this.#unlisten(hearer);
    return { unlisten, [Symbol.asyncDispose]: unlisten };
  }

  /** Ends all of it, with the pool. */
  close(): void {
    this.#isClosed = true;
    this.#hearers.clear();
    this.#letGo();
  }

  #hears(channel: string): boolean {
    return [...this.#hearers].some((hearer) => hearer.channel === channel);
  }

  async #unlisten(hearer: Hearer): Promise<void> {
    if (!this.#hearers.delete(hearer)) return;
    if (this.#hearers.size === 0) await this.#end();
    else if (!this.#hears(hearer.channel) && this.#lease?.ended === false)
      await this.#lease.connection
        .query(`unlisten ${escapeIdentifier(hearer.channel)}`)
        .catch(() => undefined);
  }

  async #end(): Promise<void> {
    if (this.#lease?.ended === false) await this.#lease.connection.query('unlisten *').catch(() => undefined);
    if (this.#hearers.size === 0) this.#letGo();
  }

  #letGo(): void {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#asking?.cancel();
    if (lease === undefined || lease.ended) return;
    lease.connection.off('notification', this.#heard);
    lease.release();
  }

  #connected(): Promise<Lease<PoolClient>> {
    if (this.#lease?.ended === false) return Promise.resolve(this.#lease);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Lease<PoolClient>> {
    const lease = await this.#host.acquire();
    const client = lease.connection;
    try {
      client.on('notification', this.#heard);
      client.once('end', () => this.#lost(lease));
      for (const channel of new Set([...this.#hearers].map((hearer) => hearer.channel)))
        await client.query(`listen ${escapeIdentifier(channel)}`);
    } catch (error) {
      lease.discard(error);
      throw error;
    }
    if (this.#isClosed) {
      lease.release();
      throw new PoolClosedError(this.#host.poolName);
    }
    this.#lease = lease;
    this.#ask(lease);
    return lease;
  }

  readonly #heard = (notification: Notification): void => {
    for (const { channel, handler } of [...this.#hearers]) {
      if (channel === notification.channel)
        this.#call(() => handler(notification.payload ?? '', notification));
    }
  };

  /** What a handler throws ends the process, if nobody catches it, as with a listener of the client's own; it costs the others nothing. */
  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #lost(lease: Lease<PoolClient>): void {
    if (this.#lease !== lease) return;
    this.#lease = undefined;
    this.#asking?.cancel();
    if (!lease.ended) lease.discard(new Error('the connection that listened was lost'));
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    while (!this.#isClosed && this.#hearers.size > 0) {
      try {
        await this.#connected();
        for (const { onReconnect } of [...this.#hearers]) if (onReconnect) this.#call(onReconnect);
        return;
      } catch {
        await new Promise<void>((resolve) => {
          systemClock.setTimer(resolve, againAfterMs);
        });
      }
    }
  }

  /** A line that died without a word brings no notifications, and no error: it is asked from time to time. */
  #ask(lease: Lease<PoolClient>): void {
    const { keepaliveMs } = this.#host;
    if (keepaliveMs === Number.POSITIVE_INFINITY) return;
    this.#asking = systemClock.setTimer(() => {
      if (lease.ended || this.#lease !== lease) return;
      lease.connection.query('').then(
        () => this.#ask(lease),
        () => this.#lost(lease),
      );
    }, keepaliveMs);
    this.#asking.keepAlive(false);
  }
}
