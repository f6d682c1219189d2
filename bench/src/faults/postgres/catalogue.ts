// The faults of PostgreSQL: what each does to the servers and the lines to them.

import { setTimeout as pause } from 'node:timers/promises';
import type { Crowd } from '../callers.ts';
import { nowMs, type Span } from '../clock.ts';
import { broken, type Fault } from '../fault.ts';
import { accepts, killOneOfEach } from './server.ts';
import { onPostgres, type PostgresFault } from './stage.ts';

const PAUSE_MS = 25;
const READ = 'select $1::text as token';

/** Every so many callers one asks for statements that take a while, in milliseconds. */
function crowd(callers: number, slowEvery: number, slowMs: number): Crowd {
  const slow = `${READ}, pg_sleep(${slowMs / 1_000})`;
  return {
    callers,
    texts: [...Array<string>(slowEvery - 1).fill(READ), slow],
    pauseMs: [PAUSE_MS, PAUSE_MS],
  };
}

const ordinary = {
  crowd: crowd(20, 4, 20),
  max: 10,
  servers: 1,
  // Connections that a contender gave up may stay open at the server.
  settings: { max_connections: 200 },
} as const;

const sleep = (seconds: number): Promise<void> => pause(seconds * 1_000);

const frozen: PostgresFault = {
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

const blackHole: PostgresFault = {
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

const deadConnections: PostgresFault = {
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

const restart: PostgresFault = {
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

const full: PostgresFault = {
  ...ordinary,
  name: 'full',
  title: (seconds) => `a server of 20 connections, pools of 50 and 60 callers, for ${seconds} s`,
  seconds: 6,
  crowd: crowd(60, 2, 20),
  max: 50,
  servers: 'each',
  settings: { max_connections: 20 },
  fromTheStart: true,
  async play(_, seconds) {
    await sleep(seconds);
    return { strikes: [] };
  },
};

const killed: PostgresFault = {
  ...ordinary,
  name: 'killed',
  title: (seconds) => `once a second a session is terminated in mid-query, ${seconds} times`,
  seconds: 8,
  crowd: crowd(20, 4, 300),
  async play({ servers: [server] }, seconds) {
    const strikes: Span[] = [];
    for (let kill = 0; kill < seconds; kill++) {
      strikes.push(await broken(() => killOneOfEach(server)));
      await sleep(1);
    }
    return { strikes };
  },
};

const failover: PostgresFault = {
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

export const postgresFaults: readonly Fault[] = [
  frozen,
  blackHole,
  deadConnections,
  restart,
  full,
  killed,
  failover,
].map(onPostgres);
