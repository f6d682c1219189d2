// Looks at processes of this machine: does one live, since when, and which are its children.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process that stays the same one even if its id is given to another later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the system; only good for comparing. */
  readonly started: string;
}

interface ProcessRow extends ProcessIdentity {
  readonly parent: number;
  readonly state: string;
}

/** The process with this id, or `undefined`; a zombie is none: it holds no socket, and may wait for its parent for ever. */
export function identify(pid: number): ProcessIdentity | undefined {
  const row = look(pid);
  return row === undefined ? undefined : { pid: row.pid, started: row.started };
}

/** Whether this very process is alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  return look(identity.pid)?.started === identity.started;
}

/** Whether this very process has been stopped by a signal. */
export function isFrozen(identity: ProcessIdentity): boolean {
  const row = look(identity.pid);
  return row?.started === identity.started && row.state.startsWith('T');
}

/** The living children of a process. */
export function childrenOf(pid: number): ProcessIdentity[] {
  const rows = process.platform === 'linux' ? readProc() : readPs(['-ax']);
  return rows.filter((row) => row.parent === pid);
}

function look(pid: number): ProcessRow | undefined {
  return process.platform === 'linux' ? readStat(pid) : readPs(['-p', String(pid)])[0];
}

function readProc(): ProcessRow[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readStat(Number(pid))).filter((row) => row !== undefined);
}

/** Fields of proc(5), /proc/[pid]/stat; the second, the name, may itself hold spaces and parentheses. */
function readStat(pid: number): ProcessRow | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = ''] = fields;
  return /^[ZXx]/.test(state) ? undefined : { pid, parent: Number(parent), state, started: fields[19] ?? '' };
}

function readPs(selection: string[]): ProcessRow[] {
  let text: string;
  try {
    const format = ['-o', 'pid=,ppid=,state=,lstart='];
    text = execFileSync('ps', [...selection, ...format], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return [];
  }
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([pid, , state]) => pid !== '' && state !== undefined && !state.startsWith('Z'))
    .map(([pid, parent, state = '', ...started]) => ({
      pid: Number(pid),
      parent: Number(parent),
      state,
      started: started.join(' '),
    }));
}
