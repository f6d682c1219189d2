// The public surface of the engine.

export { Alarm } from './alarm.ts';
export { Budget, type BudgetOptions, type BudgetStats } from './budget.ts';
export { type NumberRule, nearestName, OptionChecks } from './checks.ts';
export { type Clock, type Moment, momentFor, systemClock, type TimerHandle } from './clock.ts';
export type { CheckContext, Connector, OpenContext } from './connector.ts';
export {
  AcquireTimeoutError,
  type BudgetShortage,
  ConnectError,
  type ConnectFailure,
  countsInWords,
  type ErrorKind,
  InvalidOptionsError,
  LeaseError,
  OpenlineError,
  type OptionFault,
  PoolClosedError,
  type PoolCounts,
  QueueFullError,
  type RequestLimit,
  RequestTimeoutError,
  type WaitMeasures,
} from './errors.ts';
export type { ExplainedPool, Explainer } from './explainer.ts';
export type { HistogramSnapshot } from './histogram.ts';
export type { HolderInfo, LeaseMode } from './holder.ts';
export type { Lease } from './lease.ts';
export type { PoolTimes, PoolTotals } from './measures.ts';
export { passingNetworkCodes } from './network-codes.ts';
export {
  type BreakerClosedReason,
  type CloseReason,
  type ConnectionEvent,
  channelNames,
  type Leak,
  type OpenPhase,
  type PoolObserver,
  type WaitEnd,
} from './observer.ts';
export {
  type AcquireOptions,
  checkOptions,
  type PoolOptions,
  poolOptionNames,
  warnOfSeconds,
} from './options.ts';
export type { PoolState } from './parts.ts';
export { framesThroughFetch } from './place.ts';
export { type Line, type Lines, leastLoaded, type Placement } from './placement.ts';
export { createPool, Pool } from './pool.ts';
export { type DeadlineOptions, remainingMs, withDeadline } from './request-deadline.ts';
export { withoutSecrets } from './secrets.ts';
export type { StateName } from './slot.ts';
export type { CloseReport, ConnectionInfo, OpenInfo, OutageInfo, PoolStats, PoolStatus } from './status.ts';
export type { Taker, Waiting } from './waiter.ts';
