// undici.Pool over HTTP/1.1, and over HTTP/2 in three setups.

import { Pool } from 'undici';
import type { CreateHttpClient, HttpAccess } from './http-client.ts';
import { onDispatcher } from './on-dispatcher.ts';

/** As many as its client over HTTP/2 sends at once where the server has not said less. */
const STREAMS = 100;

export const pool: CreateHttpClient = ({ origin, ca, max }) =>
  onDispatcher(new Pool(origin, { connections: max, connect: { ca } }), origin);

export const poolH2: CreateHttpClient = (access) => onDispatcher(oneSession(access), access.origin);

/** Without the word a POST waits until nothing else is under way. */
export const idempotentH2: CreateHttpClient = (access) =>
  onDispatcher(oneSession(access), access.origin, true);

export const defaultH2: CreateHttpClient = ({ origin, ca, max }) =>
  onDispatcher(new Pool(origin, { connections: max, allowH2: true, connect: { ca } }), origin);

function oneSession({ origin, ca }: HttpAccess): Pool {
  return new Pool(origin, { connections: 1, pipelining: STREAMS, allowH2: true, connect: { ca } });
}
