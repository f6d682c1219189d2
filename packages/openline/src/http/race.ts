// A TCP connection to whichever of several addresses answers first (RFC 8305, section 5).

import { connect, type NetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import { systemClock, type TimerHandle } from '../core/index.ts';
import { unheard } from './socket-events.ts';
import { failureOfAll } from './socket-failures.ts';
import { reads, tcpReadBytes } from './socket-reads.ts';

/** How to connect to each address. */
export interface Race<S extends Socket> {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** How long an address may be silent before the next one is tried beside it, in milliseconds. */
  readonly attemptDelayMs: number;
  readonly signal: AbortSignal;
  /** Begins to connect to one of them. An error of the socket that nobody hears may not end the process. */
  readonly begin: (to: TcpNetConnectOpts) => S;
}

/** The kernel's first probe of an idle connection, in milliseconds. */
export const keepAliveDelayMs = 60_000;
/** Bytes that a socket buffers for its reader: undici's size. */
export const highWaterMark = 65_536;

const always: object = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveDelayMs,
  highWaterMark,
};

/** Begins to connect. An error that nobody hears does not end the process. */
export function beginConnect(to: NetConnectOpts): Socket {
  return connect({ ...always, onread: reads(tcpReadBytes), ...to }).on('error', unheard);
}

/**
 * Connects to the first address that answers. Node's own `autoSelectFamily` gives an address up when it tries the next one, and so never
 * reaches a server that is further away than the delay if the last address is dead; here all attempts go on.
 */
export function connectFirst<S extends Socket>(addresses: readonly string[], race: Race<S>): Promise<S> {
  const { port, localAddress, attemptDelayMs, signal, begin } = race;
  return new Promise((resolve, reject) => {
    const failures: Error[] = [];
    const racing = new Set<Socket>();
    let tried = 0;
    let timer: TimerHandle | undefined;

    const end = (winner?: Socket): void => {
      timer?.cancel();
      signal.removeEventListener('abort', abort);
      for (const socket of racing) if (socket !== winner) socket.destroy();
    };
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    const tryNext = (): void => {
      timer?.cancel();
      const host = addresses[tried++]!;
      let socket: S;
      try {
        socket = begin({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
      } catch (error) {
        // Options that Node refuses; it may come out of a timer, where nobody would hear it.
        end();
        reject(error);
        return;
      }
      const won = (): void => {
        socket.off('error', failed);
        end(socket);
        resolve(socket);
      };
      const failed = (error: Error): void => {
        racing.delete(socket);
        failures.push(error);
        if (tried < addresses.length) tryNext();
        else if (racing.size === 0) {
          end();
          reject(failureOfAll(failures));
        }
      };
      racing.add(socket);
      socket.once('connect', won).once('error', failed);
      if (tried < addresses.length && attemptDelayMs !== Number.POSITIVE_INFINITY)
        timer = systemClock.setTimer(tryNext, attemptDelayMs);
    };

    if (signal.aborted) abort();
    else {
      signal.addEventListener('abort', abort, { once: true });
      tryNext();
    }
  });
}
