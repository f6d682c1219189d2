// openline/http with the limits of a run.

import { HttpPool } from 'openline/http';
import type { FaultPool } from '../../contender.ts';
import type { HttpAccess } from '../access.ts';
import { onDispatcher } from './dispatcher.ts';

export function create(access: HttpAccess, options: Readonly<Record<string, number>>): FaultPool {
  const { max, ca } = access;
  return onDispatcher(
    new HttpPool({ max, ...options, ...(ca === undefined ? {} : { tls: { ca } }) }),
    access,
  );
}
