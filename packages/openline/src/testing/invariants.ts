// What always holds in a pool, checked from what it tells of itself.
import type { Budget, ConnectionInfo, HolderInfo, Pool, PoolStats, StateName } from '../core/index.ts';

/** What {@link assertInvariants} cannot see from the pool itself. */
export interface InvariantOptions {
  /** Shared leases that one connection may carry at once, by its number or for all. Default: not checked. */
  readonly capacity?: number | ((connectionId: number) => number);
  /** `max` before the last `resize()`, as long as connections above the new one may be on their way out. */
  readonly shrunkFrom?: number;
  /** Whether an exclusive lease that was asked for with `expectedMs` may be held back for a moment, and those behind it, beside an idle connection. Default `false`. */
  readonly mayHoldBack?: boolean;
}

/** The states whose connections count against `max`. */
const countedStates = [
  'idle',
  'leased',
  'opening',
  'validating',
  'resetting',
  'closing',
  'detached',
] as const satisfies readonly StateName[];

/** Collects what does not hold. */
class Findings {
  readonly #broken: string[] = [];

  expect(holds: boolean, otherwise: () => string): void {
    if (!holds) this.#broken.push(otherwise());
  }

  done(stats: PoolStats): void {
    if (this.#broken.length === 0) return;
    const counts = countedStates.map((state) => `${stats[state]} ${state}`).join(', ');
    throw new Error(
      `pool "${stats.name}" (${stats.state}): ${this.#broken.join('; ')}. It says: ${counts}, size ${stats.size} of max ${stats.max}, ${stats.leases} leases, ${stats.waiting} waiting`,
    );
  }
}

/**
 * Checks what must hold in every pool at every moment between two turns of the event loop: never more connections than `max`,
 * none lent twice, no caller waiting beside an idle connection, and counts that agree with each other.
 *
 * @throws Error that lists everything that does not hold, with the figures.
 *
 * @example
 * ```ts
 * import { createPool } from 'openline';
 * import { assertInvariants, FakeConnector } from 'openline/testing';
 *
 * const pool = createPool(new FakeConnector(), { max: 2 });
 * const lease = await pool.acquire();
 * assertInvariants(pool);
 * lease.release();
 * await pool.close();
 * assertInvariants(pool);
 * ```
 */
export function assertInvariants<C>(pool: Pool<C>, options: InvariantOptions = {}): void {
  const findings = new Findings();
  const stats = pool.stats();
  const connections = pool.connections();
  const holders = pool.holders();
  checkSize(findings, stats, connections, options.shrunkFrom);
  checkLeases(findings, stats, connections, holders, options.capacity);
  checkWaiting(findings, stats, options.mayHoldBack === true);
  checkTotals(findings, stats);
  findings.done(stats);
}

/**
 * Checks what must hold in a budget at every moment between two turns of the event loop: its pools never have more connections than its `max`
 * together, it counts what they count, and while a caller waits for room there is none, nor is a connection idle in a pool at which nobody waits.
 *
 * @param pools - all pools of the budget that are not closed
 * @throws Error that lists everything that does not hold, with the figures.
 */
export function assertBudgetInvariants(
  budget: Budget,
  pools: readonly Pick<Pool<unknown>, 'counts'>[],
): void {
  const { max, size, waitingPools } = budget.stats();
  const counts = pools.map((pool) => pool.counts());
  const sum = counts.reduce((total, pool) => total + pool.size, 0);
  const idle = counts.reduce((total, pool) => total + (pool.waiting > 0 ? 0 : pool.idle), 0);
  const closing = counts.reduce((total, pool) => total + pool.closing, 0);
  const broken: string[] = [];
  if (size > max) broken.push(`${size} connections, above max ${max}`);
  if (sum !== size) broken.push(`its pools have ${sum} connections, ${size} are counted`);
  if (waitingPools > 0 && size < max)
    broken.push(`${waitingPools} pools wait for room beside ${max - size} of it`);
  if (waitingPools > closing && idle > 0)
    broken.push(
      `${waitingPools} pools wait for room while ${idle} connections are idle and ${closing} closing`,
    );
  if (broken.length > 0) throw new Error(`budget: ${broken.join('; ')}`);
}

function checkSize(
  findings: Findings,
  stats: PoolStats,
  connections: readonly ConnectionInfo[],
  shrunkFrom: number | undefined,
): void {
  const { size, max } = stats;
  const most = Math.max(max, shrunkFrom ?? 0);
  findings.expect(size <= most, () => `${size} connections, above max ${most}`);
  const staying = size - stats.closing;
  findings.expect(staying <= max || stats.idle === 0, () => `idle connections are kept above max ${max}`);
  let sum = 0;
  for (const state of countedStates) {
    const told = stats[state];
    const seen = connections.filter((connection) => connection.state === state).length;
    sum += told;
    findings.expect(told >= 0, () => `the count of ${state} is ${told}`);
    findings.expect(told === seen, () => `${told} counted as ${state}, ${seen} are`);
  }
  findings.expect(size === sum, () => `size is ${size}, its states add up to ${sum}`);
  findings.expect(size === connections.length, () => `size is ${size}, ${connections.length} are listed`);
}

function checkLeases(
  findings: Findings,
  stats: PoolStats,
  connections: readonly ConnectionInfo[],
  holders: readonly HolderInfo[],
  capacity: InvariantOptions['capacity'],
): void {
  let leases = 0;
  for (const { id, state, leases: its, mode } of connections) {
    leases += its;
    const own = holders.filter((holder) => holder.connectionId === id);
    findings.expect(own.length === its, () => `connection ${id} has ${its} leases, ${own.length} holders`);
    findings.expect(
      own.every((holder) => holder.mode === mode),
      () => `connection ${id} is ${mode ?? 'not'} lent, its holders are ${own.map((holder) => holder.mode)}`,
    );
    findings.expect(
      (state === 'leased') === its > 0,
      () => `connection ${id} is ${state} with ${its} leases`,
    );
    findings.expect(mode !== 'exclusive' || its === 1, () => `connection ${id} is lent alone to ${its}`);
    const most = typeof capacity === 'function' ? capacity(id) : (capacity ?? Number.POSITIVE_INFINITY);
    findings.expect(
      mode !== 'shared' || its <= most,
      () => `connection ${id} carries ${its} shares of ${most}`,
    );
  }
  findings.expect(
    leases === stats.leases,
    () => `${stats.leases} leases counted, connections carry ${leases}`,
  );
  findings.expect(holders.length === leases, () => `${holders.length} holders of ${leases} leases`);
}

function checkWaiting(
  findings: Findings,
  { state, waiting, idle, validating }: PoolStats,
  mayHoldBack: boolean,
): void {
  findings.expect(waiting >= 0, () => `${waiting} waiting`);
  // Idle connections that must be validated first are, as many as callers wait for.
  findings.expect(
    mayHoldBack || state !== 'running' || waiting === 0 || idle === 0 || validating >= waiting,
    () => `${waiting} wait while ${idle} connections are idle and ${validating} are validated`,
  );
  const over = state === 'closing' || state === 'closed';
  findings.expect(!over || waiting === 0, () => `${waiting} wait for a pool that is ${state}`);
  findings.expect(!over || idle === 0, () => `${idle} are idle in a pool that is ${state}`);
}

function checkTotals(findings: Findings, stats: PoolStats): void {
  const { totals, leases } = stats;
  const closed = Object.values(totals.closed).reduce((sum, count) => sum + count, 0);
  const open = totals.opened - closed;
  const kept = stats.idle + stats.leased + stats.validating + stats.resetting + stats.detached;
  // A closing one may be an open that was given up, which never counted as opened.
  findings.expect(
    open >= kept && open <= kept + stats.closing,
    () =>
      `${totals.opened} opened and ${closed} closed leave ${open}, but ${kept} are open and ${stats.closing} closing`,
  );
  findings.expect(
    totals.acquired - totals.released === leases,
    () => `${totals.acquired} acquired and ${totals.released} released leave no ${leases} leases`,
  );
}
