// Chooses TCP ports that no outgoing connection can occupy.
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { ServerError } from './errors.ts';

const LOWEST = 10_000;
const EPHEMERAL_FROM = 32_768;
const ATTEMPTS = 100;

/**
 * A free port of 127.0.0.1 below 32768 and, where the system says so, below its ephemeral range: a storm of connects to
 * a closed ephemeral port can meet itself (TCP simultaneous open) and so hold the port against the server's return.
 */
export async function choosePort(taken: ReadonlySet<number>): Promise<number> {
  const end = Math.max(LOWEST + 2_000, Math.min(EPHEMERAL_FROM, firstEphemeralPort()));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (end - LOWEST));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new ServerError(
    'START_FAILED',
    `No free port found between ${LOWEST} and ${end} in ${ATTEMPTS} attempts.`,
  );
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether a connect to this port of 127.0.0.1 is refused now. */
export function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

function firstEphemeralPort(): number {
  try {
    return (
      Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10) || EPHEMERAL_FROM
    );
  } catch {
    return EPHEMERAL_FROM;
  }
}
