// The public surface of `openline/http`.

export {
  BodyIdleTimeoutError,
  BodyTimeoutError,
  HeadersTimeoutError,
  HttpTimeoutError,
  MaxOriginsError,
  type TimedPhase,
  TotalTimeoutError,
} from './errors.ts';
export { HttpPool, type HttpPoolStats, type OriginPool } from './http-pool.ts';
export type { HttpPoolOptions, OriginOptions, RequestLimits, RetryAfterEvent } from './options.ts';
export type { OriginStats } from './origin.ts';
export type { SocketOptions } from './socket-options.ts';
