// The dashboard's options, checked where they enter.

import { type Clock, OptionChecks, type PoolStatus, systemClock } from '../core/index.ts';
import type { Diagnosis } from './frames.ts';
import type { VisiblePool } from './visible.ts';

/** Options of the dashboard. */
export interface DashboardOptions {
  /**
   * Who has it may look, from anywhere: 16 ASCII characters or more, no spaces. It is sent once, in a header, for a cookie that lasts 12 hours.
   * Without it only this machine may look.
   */
  readonly token?: string;
  /**
   * Names under which the service is reached, as `Host` says them, without a port. Without a token, default those of this machine (`localhost`,
   * `127.0.0.1`, `[::1]`); with one, default any, since a cookie belongs to a name.
   */
  readonly hosts?: readonly string[];
  /** Where the page is, when the handler is given whole URLs by node:http; default `/`. Express and Fastify say it themselves. */
  readonly path?: string;
  /** How often those who look are told of changes, in milliseconds; default 500, from 100. */
  readonly intervalMs?: number;
  /** How many may look at once; default 16. Those beyond are told to come later. */
  readonly maxViewers?: number;
  /**
   * What is wrong with a pool, shown above all else; default the diagnosis of `openline/insight`, `false` for none. A function of your own is asked
   * while somebody looks, about the pools that are looked at closely or show signs of trouble, at most once a second each.
   */
  readonly diagnose?: false | ((pool: VisiblePool, status: PoolStatus) => Diagnosis | undefined);
  /**
   * Shows the text of the statements that are under way, without their values, to whoever may look; default `false`. Texts may hold what was written into
   * them in the place of parameters.
   */
  readonly queryText?: boolean;
  /** Where time comes from; default the system's clock. */
  readonly clock?: Clock;
}

/** Options with every default filled in. */
export interface ResolvedDashboardOptions {
  readonly token: string | undefined;
  readonly hosts: readonly string[] | undefined;
  /** Without a slash at its end. */
  readonly path: string;
  readonly intervalMs: number;
  readonly maxViewers: number;
  readonly diagnose: DashboardOptions['diagnose'];
  readonly queryText: boolean;
  readonly clock: Clock;
}

const names = ['token', 'hosts', 'path', 'intervalMs', 'maxViewers', 'diagnose', 'queryText', 'clock'];
const shortestToken = 16;
/** The names of this machine to itself. */
const ownNames = ['localhost', '127.0.0.1', '[::1]'];

/** @throws InvalidOptionsError with every fault */
export function resolveDashboardOptions(
  pools: unknown,
  given: DashboardOptions | undefined,
): ResolvedDashboardOptions {
  const checks = new OptionChecks('dashboard', given);
  checks.knownNames(names);
  if (!Array.isArray(pools)) checks.fault('pools', 'is not an array: give [pool]');
  else
    pools.forEach((pool, index) => {
      if (!isVisible(pool))
        checks.fault(
          `pools[${index}]`,
          'is no pool: it has neither stats(), connections() and holders(), nor pools()',
        );
    });
  const { token, hosts, path = '/', diagnose, queryText = false } = given ?? {};
  if (token !== undefined && (typeof token !== 'string' || token.length < shortestToken))
    checks.fault('token', `is too easily guessed: give at least ${shortestToken} random characters`);
  else if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    checks.fault(
      'token',
      'holds what a header cannot carry: give ASCII letters, digits and signs, no spaces',
    );
  if (hosts !== undefined && !(Array.isArray(hosts) && hosts.every((host) => typeof host === 'string')))
    checks.fault('hosts', 'is not an array of names: give ["service.example.com"]');
  if (typeof path !== 'string' || !path.startsWith('/'))
    checks.fault('path', 'does not begin with a slash: give "/dashboard"');
  if (diagnose !== undefined && diagnose !== false && typeof diagnose !== 'function')
    checks.fault('diagnose', 'is neither a function nor false: give (pool) => ({ sentence })');
  if (typeof queryText !== 'boolean') checks.fault('queryText', 'is neither true nor false');
  const intervalMs = checks.number('intervalMs', 500, { min: 100, infinite: false, integer: false });
  const maxViewers = checks.number('maxViewers', 16, { min: 1, infinite: false, integer: true });
  const clock = checks.object<Clock>('clock', systemClock, ['now', 'wallNow', 'setTimer']);
  checks.done();
  return {
    token,
    hosts: hosts?.map((host) => host.toLowerCase()) ?? (token === undefined ? ownNames : undefined),
    path: path.replace(/\/+$/, ''),
    intervalMs,
    maxViewers,
    diagnose,
    queryText,
    clock,
  };
}

function isVisible(pool: unknown): boolean {
  const has = (method: string): boolean =>
    typeof (pool as Record<string, unknown> | null | undefined)?.[method] === 'function';
  return has('pools') || (has('stats') && has('connections') && has('holders'));
}
