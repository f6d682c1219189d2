// A TCP connection to whichever of several addresses answers first (RFC 8305, section 5).

import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { systemClock, type TimerHandle } from '../core/index.ts';
import { unheard } from './socket-events.ts';
import { failureOfAll } from './socket-failures.ts';
import { reads } from './socket-reads.ts';

/** How to connect to each address. */
export interface Race {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** How long an address may be silent before the next one is tried beside it, in milliseconds. */
  readonly attemptDelayMs: number;
  readonly signal: AbortSignal;
}

/** The kernel's first probe of an idle connection, in milliseconds. */
const keepAliveDelayMs = 60_000;

/** What every socket has; the buffer is undici's size. */
const always: object = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveDelayMs,
  highWaterMark: 65_536,
};

/** Begins to connect. An error that nobody hears does not end the process. */
export function beginConnect(to: NetConnectOpts): Socket {
  return connect({ ...always, onread: reads(), ...to }).on('error', unheard);
}

/**
 * Connects to the first address that answers. Node's own `autoSelectFamily` gives an address up when it tries the next one, and so never
 * reaches a server that is further away than the delay if the last address is dead; here all attempts go on.
 */
export function connectFirst(addresses: readonly string[], race: Race): Promise<Socket> {
  const { port, localAddress, attemptDelayMs, signal } = race;
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
      const socket = beginConnect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
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
