// An address on loopback where a SYN is never answered, as behind a firewall that drops: a frozen listener, its backlog full.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Somewhere that nobody answers. */
export interface DeadAddress extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** From now on it is answered: the kernel sends a SYN again after a second. */
  answer(): void;
}

const host = '127.0.0.1';
/** A SYN on loopback is answered within a millisecond, or not at all. */
const unansweredMs = 300;
/** The kernel may round a backlog of 1 up. */
const mostInBacklog = 64;

const listener = `
  const server = require('node:net').createServer();
  server.listen({ host: '${host}', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** Makes an address where connects hang. */
export async function deadAddress(): Promise<DeadAddress> {
  const child = spawn(process.execPath, ['--eval', listener], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const port = Number(line);
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  while (await answers(port, sockets)) {
    if (sockets.length > mostInBacklog) throw new Error(`the backlog of port ${port} does not fill`);
  }
  return {
    host,
    port,
    answer: () => void child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await end(child);
    },
  };
}

async function answers(port: number, sockets: Socket[]): Promise<boolean> {
  const socket = connect({ host, port });
  sockets.push(socket);
  socket.on('error', () => undefined);
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), unansweredMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
