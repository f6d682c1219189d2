// What a request can run into between its connection and its end.

import { countsInWords, OpenlineError, type PoolCounts } from '../core/index.ts';

/** What a request was doing when its time was over. */
export type TimedPhase = 'headers' | 'body' | 'body-idle' | 'total';

/** What is known of a request at its deadline. */
export interface TimeoutFacts {
  readonly poolName: string;
  /** Method, origin and path; never a query, which may hold a secret. */
  readonly request: string;
  /** The option that set the limit. */
  readonly option: string;
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  /** Since the request was dispatched, in milliseconds. */
  readonly elapsedMs: number;
  /** Of which it waited for a connection. */
  readonly queuedMs: number;
  /** Bytes of the body that came before. */
  readonly received: number;
  readonly counts: PoolCounts;
}

/** A request reached one of its deadlines. The peer may have done what was asked. */
export class HttpTimeoutError extends OpenlineError {
  /** What it was doing. */
  readonly phase: TimedPhase;
  /** The option that set the limit. */
  readonly option: string;
  /** The limit, in milliseconds. */
  readonly limitMs: number;
  /** Since the request was dispatched, in milliseconds; the part spent in the queue is `queuedMs`. */
  readonly elapsedMs: number;
  readonly queuedMs: number;
  /** The origin's pool at the deadline. */
  readonly counts: PoolCounts;

  constructor(phase: TimedPhase, facts: TimeoutFacts, what: string, advice: string, code: string) {
    const { poolName, request, option, limitMs, elapsedMs, queuedMs, counts } = facts;
    super(
      'request-timeout',
      poolName,
      `pool "${poolName}": ${request}: ${what} within ${Math.round(limitMs)} ms (${option}; ${Math.round(elapsedMs)} ms since the request, ` +
        `${Math.round(queuedMs)} of them in the queue). Connections: ${countsInWords(counts)}. ${advice}`,
      { code },
    );
    this.phase = phase;
    this.option = option;
    this.limitMs = limitMs;
    this.elapsedMs = elapsedMs;
    this.queuedMs = queuedMs;
    this.counts = counts;
  }

  static {
    HttpTimeoutError.prototype.name = 'HttpTimeoutError';
  }
}

/** The server sent no response within `headersTimeoutMs` of the request. Code `UND_ERR_HEADERS_TIMEOUT`, as undici's own. */
export class HeadersTimeoutError extends HttpTimeoutError {
  constructor(facts: TimeoutFacts) {
    super(
      'headers',
      facts,
      'no response',
      'The server is slow or silent: look there, or raise the limit.',
      'UND_ERR_HEADERS_TIMEOUT',
    );
  }

  static {
    HeadersTimeoutError.prototype.name = 'HeadersTimeoutError';
  }
}

/** The server fell silent in mid-body for `bodyTimeoutMs`. Code `UND_ERR_BODY_TIMEOUT`, as undici's own. */
export class BodyTimeoutError extends HttpTimeoutError {
  constructor(facts: TimeoutFacts) {
    super(
      'body',
      facts,
      `nothing more of the body after ${facts.received} bytes`,
      'The server or the network stopped in mid-response.',
      'UND_ERR_BODY_TIMEOUT',
    );
  }

  static {
    BodyTimeoutError.prototype.name = 'BodyTimeoutError';
  }
}

/** Nobody read the body for `bodyIdleTimeoutMs`, while it held a connection. Code `OPENLINE_BODY_IDLE_TIMEOUT`. */
export class BodyIdleTimeoutError extends HttpTimeoutError {
  /** Where the request was made, if that was captured. */
  readonly place: string | undefined;

  constructor(facts: TimeoutFacts, place: string | undefined) {
    super(
      'body-idle',
      facts,
      `nobody read on after ${facts.received} bytes of the body`,
      `The connection was taken back: read each body to its end, or cancel it (await response.body?.cancel(), body.dump()).${
        place === undefined ? '' : ` The request was made at ${place}.`
      }`,
      'OPENLINE_BODY_IDLE_TIMEOUT',
    );
    this.place = place;
  }

  static {
    BodyIdleTimeoutError.prototype.name = 'BodyIdleTimeoutError';
  }
}

/** The request as a whole took longer than `totalTimeoutMs`, or than `withDeadline` left. Code `OPENLINE_TOTAL_TIMEOUT`. */
export class TotalTimeoutError extends HttpTimeoutError {
  constructor(facts: TimeoutFacts, during: string) {
    super(
      'total',
      facts,
      `not done (${during}, ${facts.received} bytes of a body received)`,
      'Raise the limit for this request if it may take that long.',
      'OPENLINE_TOTAL_TIMEOUT',
    );
  }

  static {
    TotalTimeoutError.prototype.name = 'TotalTimeoutError';
  }
}

/** More origins than `maxOrigins` are in use at once. Code `UND_ERR_MAX_ORIGINS_REACHED`, as undici's own. */
export class MaxOriginsError extends OpenlineError {
  constructor(poolName: string, maxOrigins: number) {
    super(
      'queue-full',
      poolName,
      `pool "${poolName}": ${maxOrigins} origins are in use and none is idle: raise maxOrigins, or look why so many are asked at once`,
      { code: 'UND_ERR_MAX_ORIGINS_REACHED' },
    );
  }

  static {
    MaxOriginsError.prototype.name = 'MaxOriginsError';
  }
}

/** The server sent `100 Continue` over HTTP/1.1, upon which undici's client says "bad response" and no more. */
export function continueSent(poolName: string, request: string, cause: Error): Error {
  const said = `pool "${poolName}": ${request}: the server sent "100 Continue", which is not supported over HTTP/1.1`;
  const advice = 'send no "expect" header; over HTTP/2 expectContinue works';
  return Object.assign(new Error(`${said}: ${advice}`, { cause }), { code: 'UND_ERR_SOCKET' });
}
