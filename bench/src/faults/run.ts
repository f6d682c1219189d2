// Plays one fault with one set of limits to all contenders at the same time.

import { setTimeout as pause } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import { type Account, accountOf, type Course } from './account.ts';
import type { Fault } from './catalogue.ts';
import { nowMs } from './clock.ts';
import type { FaultContender } from './contenders.ts';
import { Gate } from './gate.ts';
import type { Limits } from './limits.ts';
import { PlayerProcess } from './player-process.ts';
import { takePasswordOf } from './server.ts';

const BEFORE_MS = 2_000;
const AFTER_MS = 5_000;
const LOOK_EVERY_MS = 20;
const SERVED_WITHIN_MS = 20_000;

export interface Run {
  readonly fault: Fault;
  readonly limits: Limits;
  readonly seconds: number;
  readonly contenders: readonly FaultContender[];
}

/** A contender at its place. */
interface Lane {
  readonly contender: FaultContender;
  readonly gate: Gate;
  readonly player: PlayerProcess;
}

export interface Outcome {
  readonly contender: FaultContender;
  readonly account: Account;
}

export async function play(run: Run, progress: (line: string) => void): Promise<Outcome[]> {
  const { fault, limits } = run;
  const ends: Ends = [];
  try {
    progress('starting the servers');
    const servers = await startServers(run, ends);
    const lanes = await startLanes(run, servers, ends);
    const course = await playFault(run, { servers, lanes }, progress);
    progress(`waiting for the last answers, up to ${limits.patienceMs / 1_000} s`);
    return await Promise.all(
      lanes.map(async ({ contender, gate, player }) => {
        const told = await player.finish(limits.patienceMs);
        const account = accountOf({
          told,
          course,
          deadlines: contender.deadlines(limits),
          waitingLabel: contender.waitingLabel,
          connectAttempts: gate.connectsBetween(course.beganAt, course.watchedUntil),
          closedAt: nowMs(),
        });
        return { contender, account };
      }),
    );
  } catch (error) {
    throw new Error(`${fault.name}, ${limits.name}: ${(error as Error).message}`, { cause: error });
  } finally {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  }
}

/** What a run has begun, to be ended in the opposite order. */
type Ends = (() => Promise<void> | void)[];

type Servers = readonly [PostgresServer, ...PostgresServer[]];

async function startServers({ fault, contenders }: Run, ends: Ends): Promise<Servers> {
  const start = async (): Promise<PostgresServer> => {
    const server = await startPostgres({ settings: { ...fault.settings } });
    ends.push(() => server.stop());
    return server;
  };
  const first = await start();
  const servers: [PostgresServer, ...PostgresServer[]] = [first];
  const count = fault.servers === 'each' ? contenders.length : fault.servers;
  while (servers.length < count) {
    const server = await start();
    await takePasswordOf(first, server);
    servers.push(server);
  }
  return servers;
}

async function startLanes({ fault, limits, contenders }: Run, servers: Servers, ends: Ends): Promise<Lane[]> {
  const gates: Gate[] = [];
  for (const index of contenders.keys()) {
    const server = (fault.servers === 'each' ? servers[index] : undefined) ?? servers[0];
    const gate = await Gate.open(server.port);
    ends.push(() => gate.close());
    gates.push(gate);
  }
  return contenders.map((contender, index) => {
    const gate = gates[index]!;
    // All servers are logged in to in the same way.
    const { host, user, password, database } = servers[0];
    const application = contender.name;
    const access = { host, port: gate.port, user, password, database, max: fault.max, application };
    const { module } = contender;
    const player = new PlayerProcess({
      module,
      access,
      options: contender.options(limits),
      crowd: fault.crowd,
    });
    ends.push(() => player.kill());
    return { contender, gate, player };
  });
}

async function playFault(
  { fault, seconds }: Run,
  { servers, lanes }: { servers: Servers; lanes: readonly Lane[] },
  progress: (line: string) => void,
): Promise<Course> {
  const startedAt = nowMs();
  if (!fault.fromTheStart) {
    progress('waiting for the first answers');
    await Promise.all(lanes.map(served));
    await pause(BEFORE_MS);
  }
  progress(fault.title(seconds));
  const beganAt = fault.fromTheStart ? startedAt : nowMs();
  const course = await fault.play({ servers, gates: lanes.map(({ gate }) => gate) }, seconds);
  const whole: Course = { beganAt, watchedUntil: nowMs(), healedAt: undefined, healedFor: 'all', ...course };
  if (whole.healedAt !== undefined) {
    progress('and after it');
    await pause(AFTER_MS);
  }
  return whole;
}

async function served({ contender, player }: Lane): Promise<void> {
  const until = nowMs() + SERVED_WITHIN_MS;
  while (!player.isServed) {
    // Its account tells of the crash; the others play on.
    if (player.crash !== undefined) return;
    if (nowMs() > until) throw new Error(`${contender.name} answered nobody within ${SERVED_WITHIN_MS} ms`);
    await pause(LOOK_EVERY_MS);
  }
}
