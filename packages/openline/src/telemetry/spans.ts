// A span for each wait for a connection, below the span of whoever waits; the phases of the open that served it are its events.

import type { ContextAPI, Span, SpanStatusCode, TraceAPI, Tracer } from '@opentelemetry/api';
import type { ConnectError, OpenPhase, PoolObserver, WaitEnd } from '../core/index.ts';

/** What {@link acquireSpans} needs. */
export interface SpanOptions {
  /** `context` of `@opentelemetry/api`. */
  readonly context: Pick<ContextAPI, 'active'>;
  /** `trace` of `@opentelemetry/api`. */
  readonly trace: Pick<TraceAPI, 'getSpan' | 'getTracer'>;
  /** Default: the tracer called `openline` of `trace`. */
  readonly tracer?: Tracer;
}

/** An open that has ended, well or not. */
interface Opened {
  readonly connectionId: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly phases: readonly OpenPhase[];
  readonly error: ConnectError | undefined;
}

/** Opens remembered of each pool: enough to find the one that served a wait among those that failed before it. */
const remembered = 16;

/** What waits in one pool can have been for: an origin of an HttpPool is one. Kept while somebody with a span waits there. */
class WatchedOpens {
  /** Waits with a span. */
  waits = 0;
  /** Opens that have ended since it was made. */
  ended = 0;
  readonly #opens: Opened[] = [];

  add(open: Opened): void {
    this.ended++;
    if (this.#opens.push(open) > remembered) this.#opens.shift();
  }

  /** Those that ended when `before` had, as far as they are remembered. */
  after(before: number): readonly Opened[] {
    const count = Math.min(this.ended - before, remembered);
    return count === 0 ? [] : this.#opens.slice(-count);
  }
}

// SpanStatusCode.ERROR, of which only the type is imported.
const errorStatus: SpanStatusCode.ERROR = 2;

/**
 * An observer that makes a span, `acquire connection`, of each wait for a connection, if the caller is in a span that is recorded; else nothing.
 * An acquire that is served on the spot has no span: there is nothing to see in it. Events: `open <phase>` at the end of each phase of the open that
 * served the wait, with `openline.took_ms`, and `open failed` for each attempt that failed meanwhile.
 *
 * @example
 * ```ts
 * import { context, trace } from '@opentelemetry/api';
 *
 * const pool = createPool(connector, { observers: [acquireSpans({ context, trace })] });
 * ```
 */
export function acquireSpans({ context, trace, tracer }: SpanOptions): PoolObserver {
  const pools = new Map<string, WatchedOpens>();
  const startSpan = (poolName: string): Span | undefined => {
    const active = context.active();
    if (trace.getSpan(active)?.isRecording() !== true) return undefined;
    const attributes = { 'openline.pool.name': poolName };
    // Asked for late: a provider may be registered after the pool was made.
    return (tracer ?? trace.getTracer('openline')).startSpan('acquire connection', { attributes }, active);
  };
  return {
    waiting({ poolName, whenEnded }) {
      const span = startSpan(poolName);
      if (span === undefined) return;
      const opens = pools.get(poolName) ?? new WatchedOpens();
      pools.set(poolName, opens);
      opens.waits++;
      const before = opens.ended;
      whenEnded((end) => {
        for (const opened of opens.after(before)) tellOpen(span, opened, end);
        tellEnd(span, end);
        if (--opens.waits === 0) pools.delete(poolName);
      });
    },
    opened({ poolName, connectionId, phases }) {
      pools.get(poolName)?.add({ connectionId, at: Date.now(), phases, error: undefined });
    },
    openFailed({ poolName, connectionId, phases, error }) {
      pools.get(poolName)?.add({ connectionId, at: Date.now(), phases, error });
    },
  };
}

function tellOpen(span: Span, { connectionId, at, phases, error }: Opened, end: WaitEnd): void {
  if (error !== undefined) {
    span.addEvent('open failed', { 'openline.phase': error.phase, 'error.type': error.code }, at);
    return;
  }
  if (connectionId !== end.connectionId) return;
  let endedAt = at - phases.reduce((sum, { tookMs }) => sum + tookMs, 0);
  for (const { name, tookMs } of phases) {
    endedAt += tookMs;
    span.addEvent(`open ${name}`, { 'openline.took_ms': tookMs }, endedAt);
  }
}

function tellEnd(span: Span, end: WaitEnd): void {
  if (end.connectionId !== undefined) span.setAttribute('openline.connection.id', end.connectionId);
  else {
    const { code, name } = Object(end.error) as { code?: unknown; name?: unknown };
    span.setAttribute('error.type', String(typeof code === 'string' ? code : (name ?? 'unknown')));
    span.setStatus({ code: errorStatus });
  }
  span.end();
}
