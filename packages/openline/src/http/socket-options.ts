// How sockets to an origin are to be opened, as the user says it.

import { isIP, type LookupFunction } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { OptionFault } from '../core/index.ts';
import { readProxy } from './proxy.ts';

/** How sockets to an origin are opened. */
export interface SocketOptions {
  /**
   * Node's own TLS options for `https` origins: `ca`, `cert`, `key`, `minVersion`, `checkServerIdentity`, `servername`, … Certificates are
   * verified unless `rejectUnauthorized: false` stands here. Where to connect to, the protocols offered (`ALPNProtocols`) and the socket are the
   * pool's business and ignored here. The object is read once: what is changed in it later is not seen.
   */
  readonly tls?: ConnectionOptions | undefined;
  /**
   * Asks for the addresses of a name, in place of `dns.lookup`. Asked anew for every socket, the one to a proxy included. One address or a
   * list of them will do.
   */
  readonly lookup?: LookupFunction | undefined;
  /** The local IP address to connect from; only addresses of its family are then tried. */
  readonly localAddress?: string | undefined;
  /** A Unix socket (or a Windows pipe) to connect to, whatever the origin's host; TLS still knows the host by its name. No proxy is used then. */
  readonly socketPath?: string | undefined;
  /** Whether HTTP/2 is offered to `https` origins. Default `true`. */
  readonly allowH2?: boolean | undefined;
  /**
   * How long an address of a name may be silent before the next one is tried beside it, in milliseconds. Default 250 (RFC 8305, section 5);
   * from 10; `Infinity`: only when the one before has failed.
   */
  readonly autoSelectFamilyAttemptTimeoutMs?: number | undefined;
  /**
   * The proxy to go through, by a tunnel (`CONNECT`): an `http:` or `https:` URL, with user and password in it if it wants them;
   * `'environment'`: what `http_proxy`, `https_proxy` and `no_proxy` (or in capitals) say when a socket is opened, as undici's
   * `EnvHttpProxyAgent` reads them. Default `false`: none.
   */
  readonly proxy?: 'environment' | string | URL | false | undefined;
  /** TLS options for an `https` proxy, where `tls` is for the origin behind it. */
  readonly proxyTls?: ConnectionOptions | undefined;
}

/** The least time between two attempts, in milliseconds (RFC 8305, section 5). */
const leastAttemptDelayMs = 10;

/** All that is wrong with the options, so that it can be told where they are given. No value is shown that may be a secret. */
export function socketFaults(options: SocketOptions): OptionFault[] {
  const faults: OptionFault[] = [];
  const fault = (option: string, problem: string): void => void faults.push({ option, problem });
  const { localAddress, lookup, socketPath, proxy, autoSelectFamilyAttemptTimeoutMs: delayMs } = options;
  if (lookup !== undefined && typeof lookup !== 'function')
    fault('lookup', `is a ${typeof lookup}: give a function as dns.lookup is one`);
  if (localAddress !== undefined && isIP(localAddress) === 0)
    fault('localAddress', 'is no IP address: give one of this machine');
  if (socketPath !== undefined && (typeof socketPath !== 'string' || socketPath === ''))
    fault('socketPath', 'is no path: give a string that is not empty');
  if (delayMs !== undefined && !(typeof delayMs === 'number' && delayMs >= leastAttemptDelayMs))
    fault(
      'autoSelectFamilyAttemptTimeoutMs',
      `is ${typeof delayMs === 'number' ? delayMs : `a ${typeof delayMs}`}: give a number from ${leastAttemptDelayMs}, or Infinity`,
    );
  if (options.allowH2 !== undefined && typeof options.allowH2 !== 'boolean')
    fault('allowH2', `is a ${typeof options.allowH2}: give true or false`);
  for (const option of ['tls', 'proxyTls'] as const) {
    const given: unknown = options[option];
    if (given !== undefined && (typeof given !== 'object' || given === null))
      fault(option, "is no object: give Node's TLS options");
  }
  if (proxy === undefined || proxy === false || proxy === 'environment') return faults;
  if (socketPath !== undefined) fault('proxy', 'is given beside socketPath: give one of them');
  try {
    readProxy(proxy);
  } catch (error) {
    fault('proxy', (error as Error).message);
  }
  return faults;
}

const known: Record<keyof SocketOptions, true> = {
  tls: true,
  lookup: true,
  localAddress: true,
  socketPath: true,
  allowH2: true,
  autoSelectFamilyAttemptTimeoutMs: true,
  proxy: true,
  proxyTls: true,
};

/** The names that {@link SocketOptions} knows. */
export const socketOptionNames: readonly string[] = Object.keys(known);
