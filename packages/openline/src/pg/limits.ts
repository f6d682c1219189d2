// The limits of one statement under way: its own timeouts and its caller's signal.

import { RequestTimeoutError, systemClock, type TimerHandle } from '../core/index.ts';
import type { Line } from './line.ts';
import type { QueryConfig } from './request.ts';
import type { Sending } from './sending.ts';

/** The limits that hold for one statement from the moment it is sent. */
export interface StatementLimits {
  /** The shortest of its times, in milliseconds, and the option that set it. */
  readonly limitMs: number;
  readonly option: string;
  readonly signal: AbortSignal | undefined;
}

// Taken when the module loads, so that a test's fake timers cannot stop it.
const realSetImmediate = setImmediate;

/**
 * The limits of a statement, its own before the pool's; nothing where there are none.
 *
 * @param requestLeftMs - what `withDeadline` leaves
 */
export function limitsOf(
  config: QueryConfig,
  pools: PoolLimits,
  requestLeftMs: number | undefined,
): StatementLimits | undefined {
  const { signal, readTimeoutMs, query_timeout: queryTimeout } = config;
  const statementTimeoutMs = config.statementTimeoutMs ?? pools.statementTimeoutMs;
  const times: readonly (readonly [string, number | undefined])[] = [
    ['readTimeoutMs', readTimeoutMs],
    ['statementTimeoutMs', statementTimeoutMs],
    ['query_timeout', queryTimeout || pools.queryTimeoutMs || undefined],
    ['withDeadline', requestLeftMs],
  ];
  let option = '';
  let limitMs = Number.POSITIVE_INFINITY;
  for (const [name, time] of times) {
    if (time === undefined || time >= limitMs) continue;
    option = name;
    limitMs = time;
  }
  if (signal === undefined && limitMs === Number.POSITIVE_INFINITY) return undefined;
  return { limitMs, option, signal };
}

/** What the pool limits all statements to, in milliseconds. */
export interface PoolLimits {
  readonly poolName: string;
  readonly acquireTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** pg's own `query_timeout`; 0 is none. */
  readonly queryTimeoutMs: number;
}

/** Watches one statement: when a limit strikes, its caller is told at once, and then the server. */
export class LimitWatch {
  readonly #sending: Sending;
  readonly #line: Line;
  readonly #limits: StatementLimits;
  readonly #poolName: string;
  #timer: TimerHandle | undefined;

  constructor(sending: Sending, line: Line, limits: StatementLimits, { poolName }: PoolLimits) {
    this.#sending = sending;
    this.#line = line;
    this.#limits = limits;
    this.#poolName = poolName;
    if (limits.limitMs !== Number.POSITIVE_INFINITY) {
      // The answer may be there already, unread, while the process was busy: it is read first.
      const late = (): void => void realSetImmediate(() => this.#strike(this.#tooLate()));
      this.#timer = systemClock.setTimer(late, this.#leftMs());
    }
    limits.signal?.addEventListener('abort', this);
  }

  /** What `withDeadline` leaves is counted already. */
  #leftMs(): number {
    const { limitMs, option } = this.#limits;
    const { sentAt, resent } = this.#sending.request;
    if (resent === 0 || option === 'withDeadline') return limitMs;
    return limitMs - (systemClock.now() - sentAt!.ms);
  }

  handleEvent(): void {
    this.#strike(this.#limits.signal!.reason);
  }

  /** The statement has ended. */
  end(): void {
    this.#timer?.cancel();
    this.#limits.signal?.removeEventListener('abort', this);
  }

  #tooLate(): RequestTimeoutError {
    const { option, limitMs } = this.#limits;
    const told =
      'The server was asked to cancel it; it may have run. Look for what it waits for (pg_stat_activity, pg_locks), or give it longer.';
    const prefix = option === 'query_timeout' ? 'Query read timeout: ' : '';
    return new RequestTimeoutError(this.#poolName, { option, limitMs, told, prefix });
  }

  #strike(error: unknown): void {
    if (this.#sending.settled) return;
    this.end();
    this.#sending.fail(error);
    this.#line.abandon(this.#sending);
  }
}
