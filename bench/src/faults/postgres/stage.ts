// PostgreSQL servers for one run, with a gate before each contender.

import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import type { FaultContender } from '../contender.ts';
import { Ends, type Fault, type Stage } from '../fault.ts';
import type { Access } from './access.ts';
import { contenders } from './contenders.ts';
import { Gate } from './gate.ts';
import { takePasswordOf } from './server.ts';

export type Servers = readonly [PostgresServer, ...PostgresServer[]];

/** Where a fault is played. */
export interface Scene {
  /** The servers, in the order in which they were asked for. */
  readonly servers: Servers;
  readonly gates: readonly Gate[];
}

/** A fault of PostgreSQL servers, or of the lines to them. */
export interface PostgresFault extends Omit<Fault, 'contenders' | 'stage'> {
  /** How many servers there are; `each`: one for each contender, so that they do not contend for its connections. */
  readonly servers: number | 'each';
  readonly settings: Readonly<Record<string, number>>;
  play(scene: Scene, seconds: number): ReturnType<Stage['play']>;
}

export function onPostgres(fault: PostgresFault): Fault {
  return { ...fault, contenders, stage: (taking) => open(fault, taking) };
}

async function open(fault: PostgresFault, taking: readonly FaultContender[]): Promise<Stage> {
  const ends = new Ends();
  try {
    const servers = await startServers(fault, taking.length, ends);
    const gates = await openGates(fault, servers, taking.length, ends);
    // All servers are logged in to in the same way.
    const { host, user, password, database } = servers[0];
    const accesses = taking.map(({ name }, index): Access => {
      const { port } = gates[index]!;
      return { host, port, user, password, database, max: fault.max, application: name };
    });
    return {
      accesses,
      connectsBetween: (contender, from, until) => gates[contender]!.connectsBetween(from, until),
      play: (seconds) => fault.play({ servers, gates }, seconds),
      close: () => ends.all(),
    };
  } catch (error) {
    await ends.all();
    throw error;
  }
}

async function startServers(
  { servers: asked, settings }: PostgresFault,
  each: number,
  ends: Ends,
): Promise<Servers> {
  const start = async (): Promise<PostgresServer> => {
    const server = await startPostgres({ settings: { ...settings } });
    ends.push(() => server.stop());
    return server;
  };
  const first = await start();
  const servers: [PostgresServer, ...PostgresServer[]] = [first];
  const count = asked === 'each' ? each : asked;
  while (servers.length < count) {
    const server = await start();
    await takePasswordOf(first, server);
    servers.push(server);
  }
  return servers;
}

async function openGates(fault: PostgresFault, servers: Servers, count: number, ends: Ends): Promise<Gate[]> {
  const gates: Gate[] = [];
  while (gates.length < count) {
    const server = (fault.servers === 'each' ? servers[gates.length] : undefined) ?? servers[0];
    const gate = await Gate.open(server.port);
    ends.push(() => gate.close());
    gates.push(gate);
  }
  return gates;
}
