// What the tests of the lab share: the built command as a process, what it prints, and the processes below it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** How a command ended, and all that it printed. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the first match in what it prints on standard error; rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

/** Starts `openline` with these arguments. Without `env`, no DATABASE_URL is passed on. */
export function start(args: string[], env: Record<string, string> = {}): Running {
  const { DATABASE_URL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, NO_COLOR: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(stderr);
        if (found) resolve(found);
      };
      look();
      child.stderr.on('data', look);
      void ended.then(({ status }) =>
        reject(new Error(`Ended with ${status} without saying ${pattern}. ${stderr}`)),
      );
    });
  return { child, says, ended };
}

/** Whether {@link processesBelow} works here. */
export const canSeeProcesses: boolean = existsSync('/proc/self/stat');

/** Ids of all processes that a process has started, and those have started; the process itself is not one of them. */
export function processesBelow(pid: number): number[] {
  const parents = new Map(processes().map(([id, parent]) => [id, parent]));
  const isBelow = (id: number): boolean => {
    const parent = parents.get(id);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** Those of `ids` that still run. */
export function stillRunning(ids: number[]): number[] {
  const running = new Set(processes().map(([id]) => id));
  return ids.filter((id) => running.has(id));
}

/** Process and parent, those that have ended and were not waited for left out. */
function processes(): [number, number][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): [number, number][] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [[Number(name), Number(parent)]];
      } catch {
        return [];
      }
    });
}
