// Which proxy stands before an origin: the one of the options, or what the environment says now.

import { isIPv6 } from 'node:net';

/** A proxy, and how it knows its users. */
export interface HttpProxy {
  readonly isTls: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, with brackets where they belong, and without credentials: for messages. */
  readonly name: string;
  /** The value of `Proxy-Authorization`; a secret. */
  readonly authorization: string | undefined;
}

/** The code of a proxy that cannot be used as it is configured. */
const unusable = 'OPENLINE_PROXY_INVALID';

/** The port of a URL; the scheme's own where it names none. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The host of a URL as the network knows it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Reads the URL of a proxy; without a scheme it is taken for `http:`, as curl does.
 *
 * @throws Error when it is none, or of a kind that is not supported. The message lacks its subject, and shows nothing of the URL but its scheme.
 */
export function readProxy(given: string | URL): HttpProxy {
  const text = String(given);
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') {
    throw new Error(
      `is of the kind ${scheme}://, which is not supported: give an http:// or https:// proxy, or none`,
    );
  }
  const full = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(full)) throw new Error('is no URL: give http://host:port or https://host:port');
  const url = new URL(full);
  const port = portOf(url);
  return {
    isTls: scheme === 'https',
    host: hostOf(url),
    port,
    name: `${url.hostname}:${port}`,
    authorization: authorizationOf(url),
  };
}

/** RFC 7617. */
function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** A password with a bare `%` in it is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The proxy that the environment names for an origin, by the rules of undici's `EnvHttpProxyAgent`: small letters before capitals, an empty
 * value is none, and `https` origins use `http_proxy` where there is no `https_proxy`.
 *
 * @throws Error with the code `OPENLINE_PROXY_INVALID` when the variable holds no proxy that can be used.
 */
export function proxyOfEnvironment(
  origin: URL,
  environment: NodeJS.ProcessEnv = process.env,
): HttpProxy | undefined {
  if (isExempt(origin, fromEnvironment('no_proxy', environment))) return undefined;
  for (const name of origin.protocol === 'https:' ? ['https_proxy', 'http_proxy'] : ['http_proxy']) {
    const value = fromEnvironment(name, environment);
    if (value === '') continue;
    try {
      return readProxy(value);
    } catch (error) {
      const message = `the proxy in the environment's ${name} ${(error as Error).message}`;
      throw Object.assign(new Error(message), { code: unusable });
    }
  }
  return undefined;
}

function fromEnvironment(name: string, environment: NodeJS.ProcessEnv): string {
  return environment[name] ?? environment[name.toUpperCase()] ?? '';
}

/**
 * Does `no_proxy` name the origin? It is `*`, or a list, separated by commas or white space, of hosts with or without a port; each stands for
 * its subdomains too, with or without `.` or `*.` before it.
 */
function isExempt(origin: URL, noProxy: string): boolean {
  if (noProxy === '*') return true;
  const host = origin.hostname.toLowerCase();
  const port = portOf(origin);
  return noProxy
    .split(/[,\s]/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      // An IPv6 address without brackets ends like one with a port.
      const parts = isIPv6(entry) ? [entry, `[${entry}]`] : /^(.+):(\d+)$/.exec(entry);
      const [, name = entry, onlyPort] = parts ?? [];
      if (onlyPort !== undefined && Number(onlyPort) !== port) return false;
      const exempt = name.replace(/^\*?\./, '').toLowerCase();
      return host === exempt || host.endsWith(`.${exempt}`);
    });
}
