// A dashboard behind a real server, and requests to it that say exactly what a test wants.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool, type Pool } from 'openline';
import { type Dashboard, type DashboardOptions, dashboard } from 'openline/dashboard';
import { onTestFinished } from 'vitest';

/** A pool of connections that are nothing; closed when the test ends. */
export function somePool(name: string, max = 3): Pool<object> {
  const pool = createPool({ open: async () => ({}) }, { name, max });
  onTestFinished(async () => void (await pool.close({ timeoutMs: 0 })));
  return pool;
}

/** Listens until the test ends, on this machine's loopback unless told otherwise. */
export async function listening(listener: http.RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A dashboard of its own behind a server of its own. */
export async function served(
  pools: Parameters<typeof dashboard>[0],
  options?: DashboardOptions,
): Promise<{ board: Dashboard; port: number }> {
  const board = dashboard(pools, options);
  onTestFinished(() => board.close());
  return { board, port: await listening(board) };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One request, with the `Host` that a browser would send unless told otherwise. */
export function ask(
  port: number,
  path: string,
  headers: http.OutgoingHttpHeaders = {},
  method = 'GET',
  host = '127.0.0.1',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, path, method, headers: { host: `localhost:${port}`, ...headers }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject).end();
  });
}
