// The addresses of a host: asked afresh each time, in the order in which they are to be tried.

import { ADDRCONFIG, type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

/** So many of a name's addresses are tried; a name server may send thousands. */
const mostTried = 64;

/** Whose addresses, and which will do. */
export interface AddressQuery {
  readonly host: string;
  /** Default `dns.lookup`. */
  readonly lookup: LookupFunction | undefined;
  /** Only those of its family will do. */
  readonly localAddress: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks for the addresses of a host: at least one, at most 64. A question under way cannot be taken back: once the signal aborts, its answer is
 * ignored.
 */
export async function addressesOf(query: AddressQuery): Promise<readonly string[]> {
  const { host, localAddress, signal } = query;
  signal.throwIfAborted();
  const family = localAddress === undefined ? 0 : isIP(localAddress);
  const found = await ask(query, family);
  const usable = found.filter((address) => isIP(address) !== 0 && (family === 0 || isIP(address) === family));
  if (usable.length > 0) return alternated(usable).slice(0, mostTried);
  const which = family === 0 ? '' : ` of the family of localAddress (IPv${family})`;
  throw Object.assign(new Error(`the lookup of ${host} gave no IP address${which}`), { code: 'ENOTFOUND' });
}

function ask({ host, lookup, signal }: AddressQuery, family: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const answer = (error: Error | null, found?: string | LookupAddress[]): void => {
      signal.removeEventListener('abort', abort);
      if (error) reject(error);
      // Functions written for Node before 20 give one address, whatever they are asked for.
      else resolve(Array.isArray(found) ? found.map(({ address }) => address) : [String(found)]);
    };
    signal.addEventListener('abort', abort, { once: true });
    // What `net.connect` asks for: only families that this machine has an address of.
    const hints = process.platform === 'win32' ? 0 : ADDRCONFIG;
    try {
      (lookup ?? (systemLookup as LookupFunction))(host, { all: true, family, hints }, answer);
    } catch (error) {
      answer(error as Error);
    }
  });
}

/** The families in turn, beginning with that of the first answer (RFC 8305, section 4). */
function alternated(addresses: readonly string[]): string[] {
  const first = isIP(addresses[0]!);
  const preferred = addresses.filter((address) => isIP(address) === first);
  const others = addresses.filter((address) => isIP(address) !== first);
  const inTurn: string[] = [];
  for (let at = 0; at < Math.max(preferred.length, others.length); at++)
    inTurn.push(...preferred.slice(at, at + 1), ...others.slice(at, at + 1));
  return inTurn;
}
