// The handler that serves the page and what it shows: for node:http, Express and Fastify.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Access } from './access.ts';
import { answer, say } from './answers.ts';
import { Feed } from './feed.ts';
import { type DashboardOptions, resolveDashboardOptions } from './options.ts';
import { isPageFile, pageFile } from './page-files.ts';
import type { VisiblePool, VisiblePools } from './visible.ts';

/** As much of Fastify's reply as the plugin uses. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** As much of Fastify's instance as the plugin uses. */
export interface FastifyLike {
  readonly prefix: string;
  all(
    path: string,
    handler: (request: { readonly raw: IncomingMessage }, reply: FastifyReplyLike) => void,
  ): unknown;
}

/** A request handler: `http.createServer(board)`, `app.use('/dashboard', board)`, `app.register(board.plugin, { prefix: '/dashboard' })`. */
export interface Dashboard {
  /** Answers a request. `next`: called for what is not the dashboard's, as Express wants it; without it, that is answered with 404. */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** For Fastify. */
  plugin(instance: FastifyLike, options: unknown, done: () => void): void;
  /** Those who look now. */
  readonly viewers: number;
  /** Ends the streams of those who look, and watches the pools no longer: before the server's own `close()`, which waits for every answer to end. */
  close(): void;
}

/**
 * A page that shows pools, live.
 *
 * @param pools - what to show: pools of the engine and of the adapters, an `HttpPool` for all of its origins
 * @throws InvalidOptionsError with every fault
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createPool } from 'openline';
 * import { dashboard } from 'openline/dashboard';
 *
 * const pool = createPool({ open: async () => connectSomewhere() }, { name: 'orders' });
 * createServer(dashboard([pool])).listen(9090, 'localhost');
 * ```
 */
export function dashboard(
  pools: readonly (VisiblePool | VisiblePools)[],
  options?: DashboardOptions,
): Dashboard {
  const resolved = resolveDashboardOptions(pools, options);
  const access = new Access(resolved);
  const feed = new Feed([...pools], resolved);

  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    base: string,
    url: string,
    next: ((error?: unknown) => void) | undefined,
  ) => {
    const [path = '', query = ''] = url.split('?', 2);
    const isHere = path === base || path.startsWith(`${base}/`);
    const name = path.slice(base.length + 1);
    const isFile = isHere && isPageFile(name);
    if (!isHere || (!isFile && name !== 'feed' && name !== 'session')) {
      return next === undefined ? say(response, 404, 'Not found.') : next();
    }
    const refusal = access.refusal(request);
    if (refusal !== undefined) return say(response, refusal.status, refusal.text);
    const method = request.method ?? 'GET';
    const allowed = name === 'session' ? 'GET, HEAD, POST' : 'GET, HEAD';
    if (!allowed.split(', ').includes(method)) return say(response, 405, 'Not allowed.', { Allow: allowed });
    if (isFile) {
      // The page names its files beside itself, so its own address ends in a slash.
      if (path === base) return say(response, 308, 'Moved.', { Location: `${lastOf(base)}/` });
      const file = pageFile(name);
      if (file === undefined) return say(response, 500, 'The page was not installed.');
      return answer(response, 200, file.contentType, file.body);
    }
    if (method === 'POST') {
      const cookie = access.exchange(request);
      if (cookie !== undefined) return say(response, 200, 'Welcome.', { 'Set-Cookie': cookie });
    }
    const until = access.mayLookUntil(request);
    if (until === undefined)
      return say(
        response,
        401,
        'The dashboard wants its token, as "Authorization: Bearer <token>" or on its page.',
      );
    if (name === 'session' || method === 'HEAD') return say(response, 200, 'Welcome.');
    feed.view(response, new URLSearchParams(query).get('pool') ?? undefined, until);
  };

  const handle = (
    request: IncomingMessage & { originalUrl?: string; baseUrl?: string },
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ): void => {
    // Express cuts the place where it has mounted the handler off the URL, and keeps the whole.
    const { originalUrl, baseUrl, url = '/' } = request;
    const isMounted = originalUrl !== undefined && baseUrl !== undefined;
    serve(request, response, isMounted ? baseUrl : resolved.path, isMounted ? originalUrl : url, next);
  };
  const plugin = (instance: FastifyLike, _options: unknown, done: () => void): void => {
    const base = instance.prefix.replace(/\/+$/, '');
    for (const path of ['/', '/*']) {
      instance.all(path, ({ raw }, reply) => {
        reply.hijack();
        serve(raw, reply.raw, base, raw.url ?? '/', undefined);
      });
    }
    done();
  };
  return Object.defineProperty(Object.assign(handle, { plugin, close: () => feed.close() }), 'viewers', {
    get: () => feed.viewers,
  }) as Dashboard;
}

/** The last part of a path, to which a redirect can be relative: a proxy may know the whole by another name. */
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
