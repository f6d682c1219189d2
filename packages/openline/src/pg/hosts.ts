// Several servers for one pool: which to try first, which will do, and what to say when none does.

import { InvalidOptionsError, systemClock } from '../core/index.ts';
import type { DriverClient } from './driver.ts';

/** A server's address. */
export interface HostAddress {
  readonly host: string;
  /** Default the pool's `port`. */
  readonly port?: number | undefined;
}

/** Which of several servers will do; see {@link PgPoolOptions.target}. */
export type HostTarget = 'primary' | 'prefer-standby' | 'any';

const targets: readonly unknown[] = ['primary', 'prefer-standby', 'any'];

/** The code of a server that is not what the pool wants: it may become so. */
export const wrongTarget = 'OPENLINE_WRONG_TARGET';

/** However many hosts there are to try, each has at least so long. */
const leastAttemptMs = 250;

/** Reads the option `hosts`: addresses, or texts such as `'db1.example:5432'` and `'[::1]:5432'`. */
export function checkHosts(hosts: unknown, target: unknown, host: unknown): readonly HostAddress[] {
  const faults: { option: string; problem: string }[] = [];
  const fault = (option: string, problem: string): void => void faults.push({ option, problem });
  const addresses = Array.isArray(hosts) ? hosts.map(addressOf) : [];
  if (!Array.isArray(hosts) || hosts.length === 0)
    fault('hosts', "is no list of servers: give ['db1.example:5432', { host: 'db2.example' }]");
  addresses.forEach((address, index) => {
    if (address === undefined)
      fault(`hosts[${index}]`, "is no address: give 'host', 'host:port' or { host, port }");
  });
  if (host !== undefined) fault('host', 'is given beside hosts: give one of them');
  if (target !== undefined && !targets.includes(target))
    fault('target', `is ${String(target)}: give one of ${targets.join(', ')}`);
  if (faults.length > 0) throw new InvalidOptionsError('pg', faults);
  return addresses as HostAddress[];
}

function addressOf(given: unknown): HostAddress | undefined {
  if (typeof given === 'string') {
    const [, host, port] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d+))?$/.exec(given) ?? [];
    if (host === undefined) return undefined;
    return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? undefined : Number(port) };
  }
  const { host, port } = (given ?? {}) as { host?: unknown; port?: unknown };
  if (typeof host !== 'string' || host === '') return undefined;
  if (port !== undefined && !(Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536))
    return undefined;
  return { host, port: port as number | undefined };
}

/** Opens one session on one address, if it is what is wanted there; rejects within its limit. */
export type Attempt = (address: HostAddress, wanted: Wanted, limitMs: number) => Promise<DriverClient>;

/** What a server must be. */
export type Wanted = 'writable' | 'read-only' | 'any';

const passes: { readonly [target in HostTarget]: readonly Wanted[] } = {
  primary: ['writable'],
  'prefer-standby': ['read-only', 'any'],
  any: ['any'],
};

/** The servers of one pool. */
export class Hosts {
  readonly #addresses: readonly HostAddress[];
  readonly #target: HostTarget;
  /** The one that served last is tried first. */
  #first = 0;

  constructor(addresses: readonly HostAddress[], target: HostTarget) {
    this.#addresses = addresses;
    this.#target = target;
  }

  /** All of them, as `db1:5432,db2:5432`. */
  inWords(defaultPort: number | undefined): string {
    return this.#addresses.map(({ host, port = defaultPort }) => inWords({ host, port })).join(',');
  }

  /**
   * Opens a session on the first server that will do.
   *
   * @param limitMs - for all attempts together: a dead server must not use up the time of the next
   * @throws (rejects) AggregateError of all attempts, which names the addresses.
   */
  async open(attempt: Attempt, limitMs: number): Promise<DriverClient> {
    const deadline = systemClock.now() + limitMs;
    const wanted = passes[this.#target];
    const count = this.#addresses.length;
    const start = this.#first;
    const failures: Error[] = [];
    let left = wanted.length * count;
    for (const what of wanted) {
      for (let tried = 0; tried < count; tried++) {
        const index = (start + tried) % count;
        const address = this.#addresses[index]!;
        const shareMs = Math.max((deadline - systemClock.now()) / left--, leastAttemptMs);
        try {
          const client = await attempt(address, what, shareMs);
          this.#first = index;
          return client;
        } catch (error) {
          failures.push(told(address, error));
        }
      }
    }
    const words = failures.map(({ message }) => message).join('; ');
    throw new AggregateError(failures, `no server will do (target ${this.#target}): ${words}`);
  }
}

/** Closes a session, and throws, if its server is not what is wanted. */
export async function checkServer(client: DriverClient, wanted: Wanted): Promise<void> {
  if (wanted === 'any') return;
  const is = (await isWritable(client)) ? 'writable' : 'read-only';
  if (is === wanted) return;
  client.end(() => undefined);
  throw Object.assign(new Error(`the server is ${is}`), { code: wrongTarget });
}

/** PostgreSQL 14 and later says at the startup whether a session can write; an older one is asked. */
async function isWritable(client: DriverClient): Promise<boolean> {
  const { in_hot_standby: standby, default_transaction_read_only: readOnly } = reported.get(client) ?? {};
  if (standby !== undefined && readOnly !== undefined) return standby === 'off' && readOnly === 'off';
  return await new Promise((resolve, reject) => {
    client.query('show transaction_read_only', undefined, (error, result) => {
      const { rows } = (result ?? {}) as { rows?: { transaction_read_only: string }[] };
      if (error) reject(error);
      else resolve(rows?.[0]?.transaction_read_only === 'off');
    });
  });
}

const reported = new WeakMap<DriverClient, Record<string, string>>();

/** Notes what a server tells of itself while a client connects. */
export function noteParameters(client: DriverClient): void {
  const parameters: Record<string, string> = {};
  reported.set(client, parameters);
  client.connection?.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) => {
    parameters[message.parameterName] = message.parameterValue;
  });
}

/** A failure with its address, and with what tells whether another try is worth it. */
function told(address: HostAddress, cause: unknown): Error {
  const { code, severity } = (cause ?? {}) as { code?: unknown; severity?: unknown };
  const error = new Error(`${inWords(address)}: ${wordsOf(cause)}`, { cause });
  return Object.assign(error, code === undefined ? {} : { code }, severity === undefined ? {} : { severity });
}

function inWords({ host, port }: HostAddress): string {
  return port === undefined ? host : `${host}:${port}`;
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
