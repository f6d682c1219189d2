// The ways to reach an HTTP server by name, each loaded only in the process of its own contender.

import type { Contender } from '../harness/bench.ts';
import type { CreateHttpClient } from './http-client.ts';

/** What a contender may enter: HTTP/1.1 without and with TLS, HTTP/2's GETs and POSTs. */
export type Race = 'http' | 'https' | 'h2-get' | 'h2-post';

interface HttpContender extends Contender {
  readonly races: readonly Race[];
  load(): Promise<CreateHttpClient>;
}

const H1: readonly Race[] = ['http', 'https'];
const H2: readonly Race[] = ['h2-get', 'h2-post'];

/** undici's best over HTTP/2: one session with up to a hundred streams, and POSTs that need not wait for one another. */
export const BEST_H2 = 'undici.Pool h2';
export const BEST_H2_POST = 'undici.Pool h2 idempotent';

export const httpClients: readonly HttpContender[] = [
  {
    name: 'undici.Pool',
    dependency: 'undici',
    races: H1,
    load: async () => (await import('./undici-pool.ts')).pool,
  },
  {
    name: 'undici.Agent + request',
    dependency: 'undici',
    races: H1,
    load: async () => (await import('./undici-request.ts')).create,
  },
  { name: 'http.Agent', races: H1, load: async () => (await import('./node-http.ts')).create },
  { name: 'fetch', races: H1, load: async () => (await import('./fetch.ts')).onFetch() },
  {
    name: 'fetch + undici.Agent',
    dependency: 'undici',
    races: H1,
    load: async () => {
      const [{ onFetch }, { openAgent }] = await Promise.all([
        import('./fetch.ts'),
        import('./undici-request.ts'),
      ]);
      return onFetch(openAgent);
    },
  },
  {
    name: BEST_H2,
    dependency: 'undici',
    races: H2,
    load: async () => (await import('./undici-pool.ts')).poolH2,
  },
  {
    name: BEST_H2_POST,
    dependency: 'undici',
    races: ['h2-post'],
    load: async () => (await import('./undici-pool.ts')).idempotentH2,
  },
  {
    name: 'undici.Pool h2 default',
    dependency: 'undici',
    races: H2,
    load: async () => (await import('./undici-pool.ts')).defaultH2,
  },
  { name: 'node:http2', races: H2, load: async () => (await import('./node-http2.ts')).create },
  {
    name: 'openline/http',
    dependency: 'openline',
    races: H1,
    load: async () => (await import('./openline-http.ts')).pool,
  },
  {
    // The same, in a process that speaks one protocol, as every other's does: Node's streams cost each more beside the other.
    name: 'openline/http h2',
    dependency: 'openline',
    races: H2,
    load: async () => (await import('./openline-http.ts')).pool,
  },
  {
    name: 'openline/http + request',
    dependency: 'openline',
    races: H1,
    load: async () => (await import('./openline-http.ts')).request,
  },
  {
    name: 'openline/http + fetch',
    dependency: 'openline',
    races: H1,
    load: async () => {
      const [{ onFetch }, { open }] = await Promise.all([import('./fetch.ts'), import('./openline-http.ts')]);
      return onFetch(open);
    },
  },
];

export async function loadHttpClient(name: string): Promise<CreateHttpClient> {
  const client = httpClients.find((contender) => contender.name === name);
  if (client === undefined) throw new Error(`no HTTP client is called ${name}`);
  return await client.load();
}
