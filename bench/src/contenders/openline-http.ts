// openline/http with every default on: through its own `request`, through undici's, and as the dispatcher of fetch.

import type { Dispatcher } from 'undici';
import type { CreateHttpClient, HttpAccess } from './http-client.ts';
import { onDispatcher } from './on-dispatcher.ts';
import { onRequest as onUndiciRequest } from './undici-request.ts';

export type HttpPoolClass = new (options: { max: number; tls: { ca: string } }) => Dispatcher;

export function open(HttpPool: HttpPoolClass): (access: HttpAccess) => Dispatcher {
  return ({ max, ca }) => new HttpPool({ max, tls: { ca } });
}

export function onPool(HttpPool: HttpPoolClass): CreateHttpClient {
  return (access) => onDispatcher(open(HttpPool)(access), access.origin);
}

export function onRequest(HttpPool: HttpPoolClass): CreateHttpClient {
  return onUndiciRequest(open(HttpPool));
}
