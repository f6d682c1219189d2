// The faults by name: what each does to the servers and the lines to them.

import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer } from 'openline-cli/servers';
import type { Course } from './account.ts';
import type { Crowd } from './callers.ts';
import { nowMs, type Span } from './clock.ts';
import type { Gate } from './gate.ts';
import { accepts, killOneOfEach } from './server.ts';

/** Where a fault is played. */
export interface Scene {
  /** The servers, in the order in which they were asked for. */
  readonly servers: readonly [PostgresServer, ...PostgresServer[]];
  readonly gates: readonly Gate[];
}

export interface Fault {
  readonly name: string;
  title(seconds: number): string;
  /** How long it takes unless something else is asked for. */
  readonly seconds: number;
  readonly crowd: Crowd;
  /** Connections that a pool may have. */
  readonly max: number;
  /** How many servers there are; `each`: one for each contender, so that they do not contend for its connections. */
  readonly servers: number | 'each';
  readonly settings: Readonly<Record<string, number>>;
  /** Whether it is there before the first call. */
  readonly fromTheStart?: boolean;
  play(scene: Scene, seconds: number): Promise<Pick<Course, 'strikes'> & Partial<Course>>;
}

const ordinary = {
  crowd: { callers: 20, slowEvery: 4, slowMs: 20 },
  max: 10,
  servers: 1,
  // Connections that a contender gave up may stay open at the server.
  settings: { max_connections: 200 },
} as const;

/** Breaks something, and tells when. */
async function broken(strike: () => unknown): Promise<Span> {
  const from = nowMs();
  await strike();
  return { from, until: nowMs() };
}

const sleep = (seconds: number): Promise<void> => pause(seconds * 1_000);

const frozen: Fault = {
  ...ordinary,
  name: 'frozen',
  title: (seconds) => `the server is stopped by SIGSTOP for ${seconds} s, then goes on`,
  seconds: 10,
  async play({ servers: [server] }, seconds) {
    const struck = await broken(() => server.pause());
    await sleep(seconds);
    server.resume();
    return { strikes: [struck], healedAt: nowMs() };
  },
};

const blackHole: Fault = {
  ...ordinary,
  name: 'black-hole',
  title: (seconds) => `the network is silent in both directions for ${seconds} s, for new connections too`,
  seconds: 15,
  async play({ gates }, seconds) {
    const struck = await broken(() => {
      for (const gate of gates) gate.proxy.silent('all');
    });
    await sleep(seconds);
    await Promise.all(gates.map((gate) => gate.proxy.restore()));
    return { strikes: [struck], healedAt: nowMs() };
  },
};

const deadConnections: Fault = {
  ...ordinary,
  name: 'dead-connections',
  title: (seconds) =>
    `all connections are dead for good without a word, new ones work; watched for ${seconds} s`,
  seconds: 10,
  async play({ gates }, seconds) {
    const struck = await broken(() => {
      for (const gate of gates) gate.proxy.silent('existing');
    });
    await sleep(seconds);
    return { strikes: [struck], healedAt: struck.until, healedFor: 'newcomers' };
  },
};

const restart: Fault = {
  ...ordinary,
  name: 'restart',
  title: (seconds) => `the server is killed, and started again ${seconds} s later`,
  seconds: 10,
  async play({ servers: [server] }, seconds) {
    const struck = await broken(() => server.kill());
    await sleep(seconds);
    const started = server.start();
    await accepts(server);
    const healedAt = nowMs();
    await started;
    return { strikes: [struck], healedAt };
  },
};

const full: Fault = {
  ...ordinary,
  name: 'full',
  title: (seconds) => `a server of 20 connections, pools of 50 and 60 callers, for ${seconds} s`,
  seconds: 6,
  crowd: { callers: 60, slowEvery: 2, slowMs: 20 },
  max: 50,
  servers: 'each',
  settings: { max_connections: 20 },
  fromTheStart: true,
  async play(_, seconds) {
    await sleep(seconds);
    return { strikes: [] };
  },
};

const killed: Fault = {
  ...ordinary,
  name: 'killed',
  title: (seconds) => `once a second a session is terminated in mid-query, ${seconds} times`,
  seconds: 8,
  crowd: { callers: 20, slowEvery: 4, slowMs: 300 },
  async play({ servers: [server] }, seconds) {
    const strikes: Span[] = [];
    for (let kill = 0; kill < seconds; kill++) {
      strikes.push(await broken(() => killOneOfEach(server)));
      await sleep(1);
    }
    return { strikes };
  },
};

const failover: Fault = {
  ...ordinary,
  name: 'failover',
  title: (seconds) => `the server is killed, and ${seconds} s later its address leads to another`,
  seconds: 5,
  servers: 2,
  async play({ servers: [first, second = first], gates }, seconds) {
    const struck = await broken(() => first.kill());
    await sleep(seconds);
    await Promise.all(gates.map((gate) => gate.leadTo(second.port)));
    return { strikes: [struck], healedAt: nowMs() };
  },
};

export const faults: readonly Fault[] = [frozen, blackHole, deadConnections, restart, full, killed, failover];
