// The faults of HTTP servers.

import type { Crowd } from '../callers.ts';
import type { Fault } from '../fault.ts';
import type { Wish } from './access.ts';
import { contenders, speakingH2 } from './contenders.ts';
import { answering, closingIdle, deaf, flooding, leaving, tokenOf } from './servers.ts';
import { type HttpFault, onHttp } from './stage.ts';

const PAUSE_MS = 25;
const IDLE_CLOSE_MS = 50;
const BIG = 2_000_000;
/** Below the buffer of every reader: 16 kB on Node 20's fetch. */
const SMALL = 12_000;

function crowd(callers: number, wish: Wish, pauseMs: Crowd['pauseMs'] = [PAUSE_MS, PAUSE_MS]): Crowd {
  return { callers, texts: [wish], pauseMs };
}

const ordinary = { contenders, crowd: crowd(10, 'GET'), max: 10, seconds: 5 } as const;

/** Callers come back when the server is about to close, or has just done so. */
function idleClose(name: string, wish: Wish): HttpFault {
  return {
    ...ordinary,
    name,
    title: (seconds) =>
      `the server closes idle connections without a word after ${IDLE_CLOSE_MS} ms; ${wish}s every 48 to 52 ms for ${seconds} s`,
    seconds: 20,
    crowd: crowd(25, wish, [IDLE_CLOSE_MS - 2, IDLE_CLOSE_MS + 2]),
    max: 25,
    serve: () => closingIdle(IDLE_CLOSE_MS),
  };
}

function unread(name: string, wish: Wish, bytes: number, what: string): HttpFault {
  return {
    ...ordinary,
    name,
    title: (seconds) => `${what}, by eleven callers for ${seconds} s`,
    crowd: crowd(11, wish),
    limits: { acquireMs: 1_000, readMs: 4_000 },
    serve: () => answering((_, response) => void response.end(Buffer.alloc(bytes))),
  };
}

const silent = () => answering(() => undefined);

const list: readonly HttpFault[] = [
  idleClose('http-idle-close', 'GET'),
  idleClose('http-idle-close-post', 'POST'),
  {
    ...ordinary,
    name: 'http-silent',
    title: (seconds) => `the server takes requests and never answers, for ${seconds} s`,
    serve: silent,
  },
  {
    ...ordinary,
    name: 'http-queue',
    title: (seconds) => `12 callers on 10 connections to a server that never answers, for ${seconds} s`,
    crowd: crowd(12, 'GET'),
    // Those in the queue have to hear before a connection comes back.
    limits: { acquireMs: 1_000, readMs: 4_000 },
    serve: silent,
  },
  {
    ...ordinary,
    name: 'http-deaf',
    title: (seconds) => `the server hangs: connections to it are never accepted, for ${seconds} s`,
    serve: deaf,
  },
  {
    ...ordinary,
    name: 'http-headers-then-stop',
    title: (seconds) => `the server sends headers and four bytes of a body, and stops, for ${seconds} s`,
    serve: () =>
      answering((_, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('some');
      }),
  },
  {
    ...ordinary,
    name: 'http-drip',
    title: (seconds) => `the server sends one byte of a body a second, for ever; for ${seconds} s`,
    serve: () =>
      answering((_, response) => {
        const timer = setInterval(() => response.write('x'), 1_000);
        response.once('close', () => clearInterval(timer));
        response.write('x');
      }),
  },
  {
    ...ordinary,
    name: 'http-endless-headers',
    title: (seconds) => `the server sends headers without an end, for ${seconds} s`,
    serve: () => flooding('HTTP/1.1 200 OK\r\n', `x-a: ${'b'.repeat(100)}\r\n`),
  },
  {
    ...ordinary,
    name: 'http-cut-body',
    title: (seconds) => `the server closes every third connection in mid-body, for ${seconds} s`,
    serve: () => {
      let answers = 0;
      return answering((request, response) => {
        if (++answers % 3 > 0) {
          response.end(tokenOf(request));
          return;
        }
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('some', () => response.destroy());
      });
    },
  },
  unread('http-unread', 'unread', BIG, 'bodies of 2 MB that nobody reads'),
  unread('http-unread-fetch', 'unread by fetch', BIG, 'bodies of 2 MB that nobody reads, through fetch'),
  unread('http-unread-small', 'unread', SMALL, 'bodies of 12 kB that nobody reads'),
  unread(
    'http-unread-small-fetch',
    'unread by fetch',
    SMALL,
    'bodies of 12 kB that nobody reads, through fetch',
  ),
  {
    ...ordinary,
    name: 'http-goaway',
    title: (seconds) =>
      `an HTTP/2 server says goodbye to every session each half second with five streams in flight, for ${seconds} s`,
    contenders: speakingH2,
    crowd: crowd(5, 'GET', [0, 1]),
    serve: () => leaving(500, 200),
  },
];

export const httpFaults: readonly Fault[] = list.map(onHttp);
