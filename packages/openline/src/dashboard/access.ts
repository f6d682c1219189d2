// Who may look: this machine, or whoever has the token; and under which names, since a stranger's page can point its own name here.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ResolvedDashboardOptions } from './options.ts';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly text: string;
}

const cookieLastsMs = 12 * 3_600_000;
/** What a proxy adds: behind one, every request seems to come from this machine. */
const marksOfProxies = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Decides who may look. */
export class Access {
  readonly #hosts: readonly string[] | undefined;
  readonly #token: string | undefined;
  readonly #cookieName: string;
  readonly #wallNow: () => number;

  constructor({ hosts, token, clock }: ResolvedDashboardOptions) {
    this.#hosts = hosts;
    this.#token = token;
    this.#cookieName = `openline_dashboard_${token === undefined ? '' : nameFor(token)}`;
    this.#wallNow = () => clock.wallNow();
  }

  /** Why nothing at all is served to this request; the page's own files hold no secret, and are served before the token is known. */
  refusal(request: IncomingMessage): Refusal | undefined {
    const { headers, socket } = request;
    if (this.#hosts !== undefined && !this.#hosts.includes(nameIn(headers.host))) {
      return {
        status: 421,
        text: 'The dashboard is not served under this name. Use http://localhost, or name it in the option hosts.',
      };
    }
    if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
      return { status: 403, text: 'The dashboard answers no requests of other sites.' };
    if (this.#token !== undefined) return undefined;
    if (!isLoopback(socket.remoteAddress)) {
      return {
        status: 403,
        text: 'The dashboard is served to its own machine only. Give it the option token to look from elsewhere.',
      };
    }
    if (marksOfProxies.some((name) => headers[name] !== undefined)) {
      return {
        status: 403,
        text: 'This request came through a proxy. Give the dashboard the option token to look from elsewhere.',
      };
    }
    return undefined;
  }

  /** Until when this request may see the pools, in the time of the clock on the wall; `Infinity`: for as long as it likes; `undefined`: not at all. */
  mayLookUntil(request: IncomingMessage): number | undefined {
    if (this.#token === undefined || this.#hasToken(request)) return Number.POSITIVE_INFINITY;
    return this.#cookieEnd(request, this.#token);
  }

  /** The cookie for a request with the token; nothing for one without. */
  exchange(request: IncomingMessage): string | undefined {
    if (this.#token === undefined || !this.#hasToken(request)) return undefined;
    const until = Math.floor(this.#wallNow() + cookieLastsMs);
    // Who lies about it locks only themselves out.
    const isSecure =
      (request.socket as { encrypted?: boolean }).encrypted === true ||
      request.headers['x-forwarded-proto'] === 'https';
    // Without a path of its own it is for the page's folder, under whatever name a proxy shows that.
    return (
      `${this.#cookieName}=${until}.${signature(this.#token, until)}; Max-Age=${cookieLastsMs / 1000}; ` +
      `HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
    );
  }

  #hasToken({ headers }: IncomingMessage): boolean {
    const [, given] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? [];
    return given !== undefined && this.#token !== undefined && isEqual(given, this.#token);
  }

  #cookieEnd({ headers }: IncomingMessage, token: string): number | undefined {
    for (const pair of (headers.cookie ?? '').split(/; */)) {
      if (!pair.startsWith(`${this.#cookieName}=`)) continue;
      const [until = '', signed = ''] = pair.slice(this.#cookieName.length + 1).split('.');
      if (Number(until) > this.#wallNow() && isEqual(signed, signature(token, Number(until))))
        return Number(until);
    }
    return undefined;
  }
}

/** Signed, not remembered: the cookie outlives a restart, and serves every process behind the same name. */
function signature(token: string, until: number): string {
  return createHmac('sha256', token).update(`openline dashboard ${until}`).digest('base64url');
}

/** Cookies know no ports: dashboards of one machine that have tokens of their own need cookies of their own. */
function nameFor(token: string): string {
  return createHmac('sha256', token).update('openline dashboard name').digest('hex').slice(0, 8);
}

/** Compares without telling by its duration where they differ. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The name in a `Host` header, without the port. */
function nameIn(host: string | undefined): string {
  const [, name = ''] = /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.exec(host ?? '') ?? [];
  return name.toLowerCase();
}

/** Is this an address of the machine itself? */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1$|(::ffff:)?127\.)/.test(address);
}
