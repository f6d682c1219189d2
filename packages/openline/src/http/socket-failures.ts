// Which failures to open a socket are worth another try, and several of them told as one.

import { passingNetworkCodes } from '../core/index.ts';

/** Certificates, handshakes and refusals stay what they are. */
const mayRecover: ReadonlySet<unknown> = new Set([
  ...passingNetworkCodes,
  'EMFILE',
  'ENFILE',
  'EAGAIN', // a socket file, while its server's queue is full
  'ESERVFAIL', // the words of node:dns in a lookup of the user's
  'ETIMEOUT',
]);

/** The name has no address. */
const noSuchName: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/** The code of a proxy that answered, and opened no tunnel. */
export const proxyRefusal = 'OPENLINE_PROXY_REFUSED';

/** The proxy is too busy, or does not reach the origin at present (RFC 9110, 15.6; 429: RFC 6585). */
const proxyMayRecover: ReadonlySet<unknown> = new Set([429, 500, 502, 503, 504]);

/** More is not worth reading. */
const mostTold = 5;

/** May the same open succeed later? */
export function isTransient(error: unknown): boolean {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return code === proxyRefusal ? proxyMayRecover.has(status) : mayRecover.has(code);
}

/** Did the name have no address? */
export function isUnknownName(error: unknown): boolean {
  return noSuchName.has((error as { code?: unknown } | null)?.code);
}

/**
 * One error for all the addresses that were tried. Its `code` is that of one which is worth another try, if there is any.
 */
export function failureOfAll(failures: readonly Error[]): Error {
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) return only;
  const told = failures.slice(0, mostTold).map(({ message }) => message);
  if (failures.length > mostTold) told.push(`and ${failures.length - mostTold} more`);
  const telling = failures.find(isTransient) ?? only;
  return Object.assign(
    new AggregateError(failures, `none of ${failures.length} addresses answered: ${told.join('; ')}`),
    {
      code: (telling as { code?: unknown } | undefined)?.code,
    },
  );
}
