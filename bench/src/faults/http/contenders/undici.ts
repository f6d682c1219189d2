// undici.Pool, with HTTP/2 where the server speaks it.

import { Pool } from 'undici';
import type { FaultPool } from '../../contender.ts';
import type { HttpAccess } from '../access.ts';
import { onDispatcher } from './dispatcher.ts';

export function create(access: HttpAccess, options: Readonly<Record<string, number>>): FaultPool {
  const { origin, max: connections, ca } = access;
  const { connectTimeout, ...limits } = options;
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(connectTimeout === undefined ? {} : { timeout: connectTimeout }),
  };
  return onDispatcher(new Pool(origin, { connections, allowH2: true, connect, ...limits }), access);
}
