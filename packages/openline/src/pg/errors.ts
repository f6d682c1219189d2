// Failures as pg's users know them.

import { AcquireTimeoutError, ConnectError } from '../core/index.ts';

/** The stack that leads to the caller, in place of the one that leads to a socket. */
export function fromHere(error: unknown): never {
  if (error instanceof Error) Error.captureStackTrace(error, fromHere);
  throw error;
}

/**
 * Failures as pg's users know them: the server's or the socket's own error object, with `openline` (not enumerable) telling the rest;
 * an acquire that timed out in an outage carries the code, and what else there is, of the driver's error that was the last.
 */
function asDriverTells(error: Error): Error {
  if (error instanceof ConnectError && error.cause instanceof Error) {
    return Object.defineProperty(error.cause, 'openline', {
      value: error,
      configurable: true,
      enumerable: false,
    });
  }
  if (
    error instanceof AcquireTimeoutError &&
    error.counts.leased === 0 &&
    error.cause instanceof ConnectError
  ) {
    for (const [name, value] of Object.entries(error.cause.cause ?? {})) {
      if (name === 'code' || !(name in error)) Object.assign(error, { [name]: value });
    }
  }
  return error;
}

/** {@link asDriverTells}, for a promise's rejection. */
export function throwAsDriver(error: Error): never {
  throw asDriverTells(error);
}
