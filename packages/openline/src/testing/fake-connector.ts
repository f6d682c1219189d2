// A connector without a server: every step goes as the test scripts it.
import type { CheckContext, Clock, Connector, OpenContext, Placement } from '../core/index.ts';
import { FakeCall, type FakeConnection, type FakeStep, type FakeStepName } from './fake-call.ts';

/** Options of {@link FakeConnector}. `'none'`: the connector does not have this step at all. */
export interface FakeConnectorOptions {
  /** How opens go. Default `'ok'`. */
  readonly open?: FakeStep;
  /** How validations go. Default `'ok'`. */
  readonly validate?: FakeStep | 'none';
  /** How resets go. Default `'none'`. */
  readonly reset?: FakeStep | 'none';
  /** How closes go. Default `'ok'`. */
  readonly close?: FakeStep | 'none';
  /** Shared leases that one connection carries at once. Default 1. */
  readonly capacity?: number;
  /** How long a connection may be idle and still be lent, in milliseconds. Default: the connector has no say in it. */
  readonly reusableForMs?: number;
  /** As in {@link Connector}. Default: an idle connection, else the least loaded line. */
  readonly place?: Placement<FakeConnection>;
  /** As in {@link Connector}. Default `false`. */
  readonly sharesFirst?: boolean;
  /** Whether it can tell the pool that a connection died. Default `true`. */
  readonly tellsLost?: boolean;
  /** The clock on which a `'slow'` step succeeds after `slowMs`; without it a slow step waits for its gate. */
  readonly clock?: Clock;
  /** How long a `'slow'` step takes on `clock`, in milliseconds. Default 100. */
  readonly slowMs?: number;
}

/** A call of `open`, with the context that the pool gave it. */
export interface FakeOpen extends FakeCall {
  /** To mark phases and the address as a real connector would. */
  readonly context: OpenContext;
}

/**
 * A connector for tests: each step succeeds, fails, is slow or never ends, as scripted; and it knows what is open.
 *
 * @example
 * ```ts
 * import { createPool } from 'openline';
 * import { FakeConnector } from 'openline/testing';
 *
 * const connector = new FakeConnector({ validate: 'none' });
 * connector.next('open', new Error('no route'), 'ok'); // The first open fails, the second succeeds.
 * const pool = createPool(connector, { max: 2 });
 * await pool.use((connection) => console.log(connection.id)); // 1
 * await pool.close();
 * console.log(connector.opened, connector.closed, connector.live.size); // 1 1 0
 * ```
 */
export class FakeConnector implements Connector<FakeConnection> {
  /** Every call of `open`, the first one first. */
  readonly opens: FakeOpen[] = [];
  /** Every validation. */
  readonly validations: FakeCall[] = [];
  /** Every reset. */
  readonly resets: FakeCall[] = [];
  /** Every close. */
  readonly closes: FakeCall[] = [];
  /** Connections that were opened and on which `close` was not called yet. */
  readonly live: Set<FakeConnection> = new Set();
  /** Connections on which something is under way, so that they are not quiet; for tests to fill. */
  readonly busy: Set<FakeConnection> = new Set();
  /** What no pool should do: a connection closed twice, or checked after its close. */
  readonly misuses: string[] = [];
  /** Has this error killed the connection? For tests to replace; default: no. */
  isFatal: (error: unknown, connection: FakeConnection) => boolean = () => false;
  /** Is a failed open worth another try? For tests to replace; default: yes. */
  isRetryable: (error: unknown) => boolean = () => true;
  /** As in {@link Connector}; absent with `validate: 'none'`. */
  readonly validate?: (connection: FakeConnection, context: CheckContext) => Promise<unknown>;
  /** As in {@link Connector}; absent with `reset: 'none'`. */
  readonly reset?: (connection: FakeConnection, context: CheckContext) => Promise<unknown>;
  /** As in {@link Connector}; absent with `close: 'none'`. */
  readonly close?: (connection: FakeConnection) => Promise<unknown>;
  /** As in {@link Connector}; absent with `tellsLost: false`. */
  readonly onLost?: (connection: FakeConnection, lost: (error: unknown) => void) => void;
  /** As in {@link Connector}; absent until a test sets it. */
  opensAtOnce?: () => number;
  /** As in {@link Connector}, and for tests to replace; absent without the option of this name. */
  reusableForMs?: (connection: FakeConnection) => number;
  /** As in {@link Connector}; absent without a `place` option. */
  readonly place?: Placement<FakeConnection>;
  /** As in {@link Connector}. */
  readonly sharesFirst: boolean;
  readonly #steps: Record<FakeStepName, FakeStep>;
  readonly #next: Record<FakeStepName, FakeStep[]> = { open: [], validate: [], reset: [], close: [] };
  readonly #capacities = new Map<FakeConnection, number>();
  readonly #lost = new Map<FakeConnection, (error: unknown) => void>();
  readonly #retire = new Map<FakeConnection, () => void>();
  readonly #clock: Clock | undefined;
  readonly #slowMs: number;
  #capacity: number;
  #opened = 0;

  constructor(options: FakeConnectorOptions = {}) {
    const { open = 'ok', validate = 'ok', reset = 'none', close = 'ok' } = options;
    this.#clock = options.clock;
    this.#slowMs = options.slowMs ?? 100;
    this.#capacity = options.capacity ?? 1;
    this.#steps = { open, validate: stepOf(validate), reset: stepOf(reset), close: stepOf(close) };
    this.sharesFirst = options.sharesFirst ?? false;
    if (options.place !== undefined) this.place = options.place;
    const { reusableForMs } = options;
    if (reusableForMs !== undefined) this.reusableForMs = () => reusableForMs;
    if (validate !== 'none')
      this.validate = (connection, context) => this.#check('validate', connection, context);
    if (reset !== 'none') this.reset = (connection, context) => this.#check('reset', connection, context);
    if (close !== 'none') this.close = (connection) => this.#close(connection);
    if (options.tellsLost !== false)
      this.onLost = (connection, lost) => void this.#lost.set(connection, lost);
  }

  /** Scripts every call of a step from now on. Steps that the connector was made without stay absent. */
  set(name: FakeStepName, step: FakeStep): void {
    this.#steps[name] = step;
  }

  /** Scripts the next calls of a step, one each; after them the default holds again. */
  next(name: FakeStepName, ...steps: readonly FakeStep[]): void {
    this.#next[name].push(...steps);
  }

  /** Sets how many shared leases one connection carries at once, or each without a number of its own. */
  setCapacity(capacity: number, connection?: FakeConnection): void {
    if (connection === undefined) this.#capacity = capacity;
    else this.#capacities.set(connection, capacity);
  }

  /** Lets a connection die of itself. @returns whether the pool could be told. */
  lose(connection: FakeConnection, error: unknown = new Error('the connection was lost')): boolean {
    const lost = this.#lost.get(connection);
    this.#lost.delete(connection);
    lost?.(error);
    return lost !== undefined;
  }

  /** Lets the peer of a connection take nothing new on it. @returns whether the pool could be told. */
  retire(connection: FakeConnection): boolean {
    const retire = this.#retire.get(connection);
    this.#retire.delete(connection);
    retire?.();
    return retire !== undefined;
  }

  /** How many connections were opened, those that came too late included. */
  get opened(): number {
    return this.#opened;
  }

  /** How many of them were closed: `close` was called on them. */
  get closed(): number {
    return this.#opened - this.live.size;
  }

  /** As in {@link Connector}: called by the pool. */
  open(context: OpenContext): Promise<FakeConnection> {
    const call = new FakeCall('open', this.#take('open'), undefined, context.signal, () => this.#birth());
    this.opens.push(Object.assign(call, { context }));
    this.#runOn(call);
    return call.promise as Promise<FakeConnection>;
  }

  /** As in {@link Connector}: {@link retire} calls it. */
  onRetired(connection: FakeConnection, retire: () => void): void {
    this.#retire.set(connection, retire);
  }

  /** As in {@link Connector}: `false` for what is in {@link busy}. */
  isQuiet(connection: FakeConnection): boolean {
    return !this.busy.has(connection);
  }

  /** As in {@link Connector}: what {@link setCapacity} said. */
  capacity(connection: FakeConnection): number {
    return this.#capacities.get(connection) ?? this.#capacity;
  }

  #check(name: 'validate' | 'reset', connection: FakeConnection, { signal }: CheckContext): Promise<unknown> {
    if (!this.live.has(connection))
      this.misuses.push(`${name} of connection ${connection.id} after its close`);
    const call = new FakeCall(name, this.#take(name), connection, signal, () => connection);
    (name === 'validate' ? this.validations : this.resets).push(call);
    this.#runOn(call);
    return call.promise;
  }

  #close(connection: FakeConnection): Promise<unknown> {
    if (!this.live.delete(connection)) this.misuses.push(`connection ${connection.id} closed twice`);
    this.#lost.delete(connection);
    this.#retire.delete(connection);
    const call = new FakeCall('close', this.#take('close'), connection, undefined, () => connection);
    this.closes.push(call);
    this.#runOn(call);
    return call.promise;
  }

  #take(name: FakeStepName): FakeStep {
    return this.#next[name].shift() ?? this.#steps[name];
  }

  #birth(): FakeConnection {
    const connection: FakeConnection = { id: ++this.#opened };
    this.live.add(connection);
    return connection;
  }

  /** A slow step succeeds in time, where there is a clock to say when. */
  #runOn(call: FakeCall): void {
    if (call.step !== 'slow' || this.#clock === undefined) return;
    const timer = this.#clock.setTimer(() => call.succeed(), this.#slowMs);
    const cancel = (): void => timer.cancel();
    call.promise.then(cancel, cancel);
  }
}

const stepOf = (step: FakeStep | 'none'): FakeStep => (step === 'none' ? 'ok' : step);
