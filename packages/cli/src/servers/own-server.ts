// Starts a server program of the system's as this process's own: one settings file, free ports, and an end with this process.
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { endServersAtExit } from './at-exit.ts';
import { endAtOnce } from './ending.ts';
import { ServerError } from './errors.ts';
import { choosePort, isFree, isRefused } from './ports.ts';
import { identify, type ProcessIdentity } from './processes.ts';
import { claimPlace, listServers, type Place, remember, removePlace } from './registry.ts';
import { launch, notSpawned } from './run.ts';
import { type ServerUser, serverUser } from './server-user.ts';
import { sweepLeftovers } from './sweep.ts';
import { until } from './waiting.ts';
import { workspace } from './workspace.ts';

const START_MS = 10_000;
const PORT_ATTEMPTS = 5;

/** What is to be started. */
export interface OwnProgram {
  /** Its name in messages. */
  readonly name: string;
  readonly file: string;
  /** How many ports of the loopback address it is to listen on. */
  readonly ports: number;
  /** Writes what does not depend on the ports, in its folder and for its user. */
  prepare(place: Place, runAs: ServerUser | undefined): Promise<void>;
  /** Writes its settings; gives its arguments. Called again if another process has taken one of the ports meanwhile. */
  configure(place: Place, ports: readonly number[], runAs: ServerUser | undefined): Promise<string[]>;
}

/** A server of this process's own. */
export interface OwnServer {
  readonly ports: readonly number[];
  /** Ends it, and every connection to it. Idempotent. */
  stop(): Promise<void>;
}

/** A server program, where the system has it. */
export function findProgram(name: string): string | undefined {
  // An ordinary user's PATH may lack the folder of the system's servers.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/**
 * Starts it as an ordinary user; resolves once it takes connections on every port.
 *
 * @throws {ServerError} `START_FAILED` with the end of its log.
 */
export async function startOwnServer(program: OwnProgram): Promise<OwnServer> {
  const runAs = serverUser();
  const folder = workspace();
  await sweepLeftovers(folder, () => undefined);
  endServersAtExit();
  const place = claimPlace(folder, runAs);
  try {
    await program.prepare(place, runAs);
    const { ports, server } = await startOnSomePorts(program, place, runAs, folder);
    let ended: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await endAtOnce(server);
      await removePlace(place);
    };
    return {
      ports,
      stop() {
        ended ??= end();
        return ended;
      },
    };
  } catch (error) {
    await removePlace(place);
    throw error;
  }
}

/** Between the choice of a port and its use another process may take it. */
async function startOnSomePorts(
  program: OwnProgram,
  place: Place,
  runAs: ServerUser | undefined,
  folder: string,
): Promise<{ ports: number[]; server: ProcessIdentity }> {
  for (let attempt = 1; ; attempt += 1) {
    const taken = new Set(listServers(folder).flatMap(({ record }) => record.port ?? []));
    const ports: number[] = [];
    while (ports.length < program.ports) {
      const port = await choosePort(taken);
      taken.add(port);
      ports.push(port);
    }
    const args = await program.configure(place, ports, runAs);
    try {
      return { ports, server: await startOnce(program, args, place, runAs, ports) };
    } catch (error) {
      const areFree = await Promise.all(ports.map(isFree));
      if (attempt === PORT_ATTEMPTS || areFree.every(Boolean)) throw error;
    }
  }
}

async function startOnce(
  { name, file }: OwnProgram,
  args: string[],
  place: Place,
  runAs: ServerUser | undefined,
  ports: readonly number[],
): Promise<ProcessIdentity> {
  const output = openSync(place.log, 'w', 0o600);
  const child = launch(file, args, { runAs, cwd: place.folder, output });
  closeSync(output);
  let failure: Error | undefined;
  let isOver = false;
  child.once('error', (error) => {
    failure = notSpawned(file, runAs, error);
    isOver = true;
  });
  child.once('exit', () => {
    isOver = true;
  });
  // One that somebody forgets must not keep the process from ending.
  child.unref();
  const server = child.pid === undefined ? undefined : identify(child.pid);
  // Others that look for a port pass over the first one; over the rest, once something listens there.
  const [port = 0] = ports;
  if (server) remember(place, { server, port });
  const takesAll = async (): Promise<boolean> => !(await Promise.all(ports.map(isRefused))).some(Boolean);
  const inTime = await until(async () => isOver || (await takesAll()), START_MS);
  if (server && inTime && !isOver) return server;
  if (server) await endAtOnce(server);
  remember(place, { port });
  const what = inTime ? 'ended while it started' : `was not ready within ${START_MS / 1000} s`;
  const tail = readFileSync(place.log, 'utf8').trim().split('\n').slice(-10).join('\n');
  throw failure ?? new ServerError('START_FAILED', `${name} ${what}. The end of its log:\n${tail}`);
}
