// openline/http with every default on: through its own `request`, through undici's, and as the dispatcher of fetch.

import { HttpPool } from 'openline/http';
import type { CreateHttpClient, HttpAccess } from './http-client.ts';
import { onDispatcher } from './on-dispatcher.ts';
import { onRequest } from './undici-request.ts';

export const open = ({ max, ca }: HttpAccess): HttpPool => new HttpPool({ max, tls: { ca } });

export const pool: CreateHttpClient = (access) => onDispatcher(open(access), access.origin);

export const request: CreateHttpClient = onRequest(open);
