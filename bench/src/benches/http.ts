// Small requests to a server of one's own, over HTTP/1.1 and HTTP/2, by 1 to 500 callers.

import type { Line } from '../arena/http-servers-process.ts';
import { itemOf, pathOf } from '../arena/items.ts';
import { takeTally } from '../arena/tally.ts';
import type { CreateHttpClient, HttpClient } from '../contenders/http-client.ts';
import { httpClients, loadHttpClient } from '../contenders/http-clients.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import type { Access } from './http/arena.ts';
import { type Outcome, runCrowd, type Send } from './http/callers.ts';
import { type Load, scenarios } from './http/scenarios.ts';

/** Connections that a contender may have, where it can be told. */
const MAX = 10;

const PROTOCOLS: Readonly<Record<Line, string>> = { http: 'HTTP/1.1', https: 'HTTP/1.1', h2: 'HTTP/2' };

export const http: Bench = {
  name: 'http',
  title: `HTTP over loopback, ${MAX} connections, bodies of some 150 bytes`,
  notes: [
    'CPU is the client process alone; the servers (node:http, node:https, node:http2) share the machine with it, in a process of their own.',
    'Before each round its load runs untimed, as long again: the figures are those of a service that is under way.',
    'Every answer is read as text and compared: body.text(), response.text(), or pieces put together. Failed requests count for nothing else.',
    'Connections are those the server had requests on. fetch on its own cannot be told how many, and opens up to two for each caller.',
    'HTTP/2, at most 100 streams a session: undici.Pool h2 has one connection and pipelining 100, idempotent says so of its POSTs besides;',
    'default leaves pipelining alone; node:http2 is one session without a pool.',
  ],
  rounds: 9,
  roundMs: 500,
  reference: 'undici.Pool',
  contenders: httpClients,
  metrics: [
    { key: 'rate', label: 'requests', unit: 'per s', digits: 0, better: 'higher' },
    { key: 'cpu', label: 'CPU', unit: 'µs per request', digits: 1, better: 'lower' },
    { key: 'p50', label: 'p50', unit: 'ms', digits: 2, better: 'lower' },
    { key: 'p99', label: 'p99', unit: 'ms', digits: 2, better: 'lower' },
    { key: 'failed', label: 'failed', unit: '', digits: 0, better: 'lower', compare: false },
    { key: 'connections', label: 'connections', unit: '', digits: 0, better: 'lower', compare: false },
  ],
  scenarios,

  async setUp() {
    const { setUp } = await import('./http/arena.ts');
    return await setUp();
  },

  async enter(entry) {
    return new HttpRacer(entry, await loadHttpClient(entry.contender));
  },
};

class HttpRacer implements Racer {
  readonly #contender: string;
  readonly #create: CreateHttpClient;
  readonly #access: Access;
  readonly #roundMs: number;
  readonly #clients = new Map<Line, HttpClient>();

  constructor(entry: Entry, create: CreateHttpClient) {
    this.#contender = entry.contender;
    this.#create = create;
    this.#access = entry.access as Access;
    this.#roundMs = entry.size.roundMs;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.#crowd(scenario, this.#roundMs);
  }

  async run(scenario: Scenario): Promise<Sample> {
    const { line } = loadOf(scenario);
    const { origins } = this.#access;
    // Untimed first: what an idle minute undid. Connections were closed, and V8 has given back the memory of its young generation and forgotten
    // code: a process that others kept waiting takes three times as long for its first requests.
    await this.#crowd(scenario, this.#roundMs);
    await takeTally(origins.http);
    const { sample, firstFailure } = await this.#crowd(scenario, this.#roundMs);
    const { connections, protocols } = await takeTally(origins.http);
    if (firstFailure !== undefined) this.#tell(scenario, firstFailure);
    const wrong = protocols.find((protocol) => protocol !== PROTOCOLS[line]);
    if (wrong !== undefined) throw new Error(`${scenario.name}: spoke ${wrong}, not ${PROTOCOLS[line]}`);
    return { ...sample, connections };
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) await client.close();
  }

  #crowd(scenario: Scenario, ms: number): Promise<Outcome> {
    const { line, method, callers } = loadOf(scenario);
    return runCrowd(sending(this.#client(line), method), { callers, ms });
  }

  #client(line: Line): HttpClient {
    let client = this.#clients.get(line);
    if (client === undefined) {
      const { origins, ca } = this.#access;
      client = this.#create({ origin: origins[line], ca, max: MAX });
      this.#clients.set(line, client);
    }
    return client;
  }

  /** A count alone would not say what to do about it. */
  #tell(scenario: Scenario, failure: unknown): void {
    const cause = (failure as Error).cause;
    const reason = cause === undefined ? failure : `${failure}, because of ${cause}`;
    process.stderr.write(`${this.#contender} failed in ${scenario.name}, first with ${reason}\n`);
  }
}

function sending(client: HttpClient, method: Load['method']): Send {
  const { post } = client;
  if (method === 'get') return async (value) => expectItem(await client.get(pathOf(value)), value);
  if (post === undefined) throw new Error('no post');
  return async (value) => expectItem(await post(pathOf(value), itemOf(value)), value);
}

/** @throws Error when the answer is another's, or none. */
function expectItem(text: string, value: number): void {
  if (text !== itemOf(value)) throw new Error(`asked for item ${value}, got ${text.slice(0, 40)}`);
}

function loadOf(scenario: Scenario): Load {
  return scenario.load as unknown as Load;
}
