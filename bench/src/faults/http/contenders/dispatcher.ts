// A dispatcher of undici's kind, asked by a fault's callers: undici's own pool, and what takes its place.

import { type Dispatcher, request } from 'undici';
import type { FaultPool } from '../../contender.ts';
import { type HttpAccess, pathOf, type Wish } from '../access.ts';

/** Bodies that nobody reads are kept here, so that no collector ends them. */
const kept: unknown[] = [];

export function onDispatcher(dispatcher: Dispatcher, { origin }: HttpAccess): FaultPool {
  const asks: Record<Wish, (url: string, token: string) => Promise<string>> = {
    async GET(url) {
      const { body } = await request(url, { dispatcher });
      return await body.text();
    },
    async POST(url, token) {
      const { body } = await request(url, { dispatcher, method: 'POST', body: token });
      return await body.text();
    },
    async fetch(url) {
      const response = await fetchBy(dispatcher, url);
      return await response.text();
    },
    async unread(url, token) {
      const { body } = await request(url, { dispatcher });
      // What becomes of a body that nobody reads is told to nobody either.
      body.on('error', () => undefined);
      kept.push(body);
      return token;
    },
    async 'unread by fetch'(url, token) {
      kept.push(await fetchBy(dispatcher, url));
      return token;
    },
  };
  return { query: (wish, token) => asks[wish as Wish](`${origin}${pathOf(token)}`, token) };
}

async function fetchBy(dispatcher: Dispatcher, url: string): Promise<Response> {
  try {
    // Its type is of another version of undici than the one that is installed.
    return await fetch(url, { dispatcher } as object as RequestInit);
  } catch (error) {
    // fetch's own error says nothing.
    throw (error as Error).cause ?? error;
  }
}
