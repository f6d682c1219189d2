// Which errors kill a connection, and which failed opens are worth another try.
// SQLSTATE: PostgreSQL documentation, appendix A; severities: chapter "Error and Notice Message Fields".

import { passingNetworkCodes } from '../core/index.ts';
import { type DriverClient, isDead } from './driver.ts';
import { wrongTarget } from './hosts.ts';

interface DriverError {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly message?: unknown;
}

/** Connection exceptions, and an operator's or a timeout's end of the session. */
const endsSession = /^(08...|57P0[1-5]|25P0[34])$/;

/** Connection exceptions, resources used up (too many connections), and a server that starts, stops or recovers. */
const serverMayRecover = /^(08...|53...|57P0[1-5])$/;

const networkMayRecover = new Set([...passingNetworkCodes, wrongTarget]);

/** Did the server itself say it, in a message of its protocol? */
export function isServers(error: unknown): boolean {
  return (error as DriverError | undefined)?.severity !== undefined;
}

/** Has a server refused to write because it is (now) a standby, or read-only? */
export function isReadOnly(error: unknown): boolean {
  return (error as DriverError | undefined)?.code === '25006';
}

/** A server that starts or stops has none of the sessions of before, or soon will not. */
export function isStartingUp(error: unknown): boolean {
  return (error as DriverError | undefined)?.code === '57P03';
}

/** Has this error, thrown by a statement, killed the connection? A unique violation has not. */
export function isFatal(error: unknown, client: DriverClient): boolean {
  if (isDead(client)) return true;
  const { code, severity } = (error ?? {}) as DriverError;
  return (
    severity === 'FATAL' ||
    severity === 'PANIC' ||
    (typeof code === 'string' && severity !== undefined && endsSession.test(code))
  );
}

/** Did the server, the database, the role or a pooler (PgBouncer: 08P01) refuse the open because it has its fill of connections? */
export function isFull(error: unknown): boolean {
  const { code, severity, message } = (error ?? {}) as DriverError;
  if (severity === undefined) return false;
  return code === '53300' || (code === '08P01' && /no more connections allowed/.test(String(message)));
}

/** May the same open succeed later? A wrong password, a missing database, an unknown host or a bad certificate stays what it is. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isRetryable);
  const { code, severity, message } = (error ?? {}) as DriverError;
  if (typeof code === 'string')
    return severity === undefined ? networkMayRecover.has(code) : serverMayRecover.test(code);
  return message === 'Connection terminated unexpectedly' || message === 'Connection terminated';
}
