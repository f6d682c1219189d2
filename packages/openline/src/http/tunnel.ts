// A tunnel to an origin through a proxy: the CONNECT of RFC 9110, 9.3.6, spoken by node:http.

import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpProxy } from './proxy.ts';
import { proxyRefusal } from './socket-failures.ts';

/** A proxy that says more than this before the tunnel begins is up to no good. Bytes. */
const largestHead = 16_384;

/** The proxy's own words are shown up to this length. */
const longestReason = 100;

/**
 * Resolves when the proxy at the other end of `socket` has opened a tunnel to `target` (`host:port`): the socket leads there from then on, and
 * what came behind the proxy's answer is its first bytes. Otherwise the socket is destroyed.
 */
export function openTunnel(
  socket: Socket,
  target: string,
  proxy: HttpProxy,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal.reason);
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    const asked = ask(socket, target, proxy);
    asked.on('error', (error) => fail(inWords(error, target, proxy)));
    asked.once('connect', (response: IncomingMessage, _socket: unknown, head: Buffer) => {
      const { statusCode: status = 0 } = response;
      if (status < 200 || status > 299) {
        fail(refusal(response, target, proxy));
        return;
      }
      signal.removeEventListener('abort', abort);
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
  });
}

function ask(socket: Socket, target: string, proxy: HttpProxy): ClientRequest {
  const { authorization } = proxy;
  const asked = request({
    method: 'CONNECT',
    path: target,
    setHost: false,
    maxHeaderSize: largestHead,
    createConnection: () => socket,
    headers: {
      host: target,
      connection: 'keep-alive',
      // In no standard, but curl and undici say it, and old proxies look for it.
      'proxy-connection': 'keep-alive',
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
  });
  asked.end();
  return asked;
}

function refusal(
  { statusCode, statusMessage = '' }: IncomingMessage,
  target: string,
  proxy: HttpProxy,
): Error {
  const advice =
    statusCode !== 407
      ? ''
      : proxy.authorization === undefined
        ? '; give user and password in its URL'
        : '; it does not take the user and password of its URL';
  const reason = statusMessage.slice(0, longestReason) || 'no reason given';
  const message = `the proxy ${proxy.name} answered ${statusCode} to CONNECT ${target}: ${reason}${advice}`;
  return Object.assign(new Error(message), { code: proxyRefusal, status: statusCode });
}

/** Node speaks of a socket that hung up; whose it was has to be said. */
function inWords(error: Error, target: string, proxy: HttpProxy): Error {
  const message = `the proxy ${proxy.name} gave no usable answer to CONNECT ${target}: ${error.message}`;
  return Object.assign(new Error(message, { cause: error }), { code: (error as NodeJS.ErrnoException).code });
}
