// Remembers every server of this user on disk, so that those whose Node process died can be found and removed.
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, type ProcessIdentity } from './processes.ts';
import type { ServerUser } from './server-user.ts';

const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 } as const;

/** Where one server keeps its things. */
export interface Place {
  /** Belongs to the user the server runs as; holds the data and nothing that this process reads back and trusts. */
  readonly folder: string;
  /** The database cluster. */
  readonly data: string;
  /** What the server wrote to its standard error. */
  readonly log: string;
  /** A {@link ServerRecord}. */
  readonly record: string;
}

/** What is known of a server beyond the life of the process that started it. */
export interface ServerRecord {
  /** Process ids mean something only within the namespace (a container) that gave them. */
  readonly namespace: string;
  /** The Node process. */
  readonly owner: ProcessIdentity;
  /** The postmaster, while it runs. */
  readonly server?: ProcessIdentity;
  /** Kept for the server even while it does not run. */
  readonly port?: number;
}

/** The places of this process's servers. */
export const ownPlaces: Set<Place> = new Set();

/** Makes a folder for a new server, after its record: a folder without a record would never be removed. */
export function claimPlace(workspace: string, runAs: ServerUser | undefined): Place {
  const place = placeNamed(workspace, `${process.pid}-${randomBytes(4).toString('hex')}`);
  ownPlaces.add(place);
  remember(place, {});
  mkdirSync(place.folder, { mode: 0o700 });
  if (runAs) chownSync(place.folder, runAs.uid, runAs.gid);
  return place;
}

/** Writes down what has changed; in one step, so that a reader never finds half a record. */
export function remember(place: Place, state: Pick<ServerRecord, 'server' | 'port'>): void {
  const owner = identify(process.pid) ?? { pid: process.pid, started: '' };
  const record: ServerRecord = { namespace: namespace(), owner, ...state };
  const draft = `${place.record}.draft`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  renameSync(draft, place.record);
}

/** Removes what a server leaves; its record last. Fails if a process is still writing there. */
export async function removePlace(place: Place): Promise<void> {
  await rm(place.folder, removal);
  removeRecord(place);
}

/** The same without the event loop, which a slow disk holds up for seconds. */
export function removePlaceBlocking(place: Place): void {
  rmSync(place.folder, removal);
  removeRecord(place);
}

function removeRecord(place: Place): void {
  for (const file of [place.log, `${place.record}.draft`, place.record]) rmSync(file, { force: true });
  ownPlaces.delete(place);
}

/** Every server of this user that can be judged from here. */
export function listServers(workspace: string): { place: Place; record: ServerRecord }[] {
  const names = readdirSync(workspace).filter((name) => name.endsWith('.json'));
  return names.flatMap((name) => {
    const place = placeNamed(workspace, name.slice(0, -'.json'.length));
    const record = readRecord(place);
    return record?.namespace === namespace() ? [{ place, record }] : [];
  });
}

/** What is known of a server, or `undefined` when another process has just removed it. */
export function readRecord(place: Place): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(place.record, 'utf8')) as ServerRecord;
  } catch {
    return undefined;
  }
}

function placeNamed(workspace: string, name: string): Place {
  const folder = join(workspace, name);
  return { folder, data: join(folder, 'data'), log: `${folder}.log`, record: `${folder}.json` };
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return process.platform;
  }
}
