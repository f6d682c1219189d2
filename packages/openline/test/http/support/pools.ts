// HTTP servers and pools for one test.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { HttpPool, type HttpPoolOptions } from 'openline/http';
import { expect, onTestFinished } from 'vitest';
import { certificates, listening } from '../../support/sockets.ts';

/** A server of HTTP/1.1, to the end of its test. */
export interface HttpServer {
  readonly origin: string;
  readonly server: Server;
  /** Every socket that it has taken, in order. */
  readonly sockets: Socket[];
}

/** Starts a server without TLS that keeps idle connections. */
export async function givenServer(listener: RequestListener): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  const { port, sockets } = await listening(server);
  return { origin: `http://127.0.0.1:${port}`, server, sockets };
}

/** Starts a server with TLS that speaks HTTP/1.1 only; `ca` is what a client trusts it by. */
export async function givenSecureServer(listener: RequestListener): Promise<HttpServer & { ca: string }> {
  const { ca, cert, key } = await certificates();
  const server = createSecureServer({ cert, key, keepAliveTimeout: 0 }, listener);
  const { port, sockets } = await listening(server);
  return { origin: `https://localhost:${port}`, server: server as unknown as Server, sockets, ca };
}

/** A pool that is closed when the test ends, and must then hold nothing. */
export function givenPool(options?: HttpPoolOptions): HttpPool {
  const pool = new HttpPool(options);
  onTestFinished(async () => {
    await pool.destroy();
    expect(pool.stats()).toMatchObject({ requests: 0, size: 0 });
  });
  return pool;
}

/** Asks and reads the answer. */
export async function ask(pool: HttpPool, url: string, options: RequestInit = {}): Promise<string> {
  const response = await fetch(url, { ...options, dispatcher: pool } as object);
  return response.text();
}

/** An error of any kind. */
export interface Failure extends Error {
  readonly code?: string;
}

/** What a promise was rejected with; through fetch, its cause. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => expect.fail('it did not fail'),
    (reason: unknown) => reason as Error & { cause?: unknown },
  );
  return (error.message === 'fetch failed' ? error.cause : error) as Failure;
}
