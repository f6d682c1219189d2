// The ways to an HTTP server that meet the faults: which limits each can be given, and which it has not.

import type { FaultContender } from '../contender.ts';

/** Openline's default, which `long` leaves in place. */
const READ_DEFAULT_MS = 30_000;

const moduleAt = (file: string): string => new URL(file, import.meta.url).href;

const openline: FaultContender = {
  name: 'openline/http',
  dependency: 'openline',
  module: moduleAt('./contenders/openline.js'),
  waitingLabel: 'AcquireTimeoutError',
  options: ({ acquireMs, readMs, connectMs }) => ({
    acquireTimeoutMs: acquireMs,
    totalTimeoutMs: acquireMs + (readMs ?? READ_DEFAULT_MS),
    ...(readMs === undefined
      ? {}
      : { headersTimeoutMs: readMs, bodyTimeoutMs: readMs, bodyIdleTimeoutMs: readMs }),
    ...(connectMs === undefined ? {} : { connectTimeoutMs: connectMs }),
  }),
  deadlines: ({ acquireMs, readMs = READ_DEFAULT_MS }) => ({
    waitingMs: acquireMs,
    wholeMs: acquireMs + readMs,
  }),
};

const undici: FaultContender = {
  name: 'undici.Pool',
  dependency: 'undici',
  module: moduleAt('./contenders/undici.js'),
  waitingLabel: 'none',
  note: 'undici.Pool limits neither the wait for a connection nor the whole of a request: its calls have no deadline.',
  options: ({ readMs, connectMs }) => ({
    ...(readMs === undefined ? {} : { headersTimeout: readMs, bodyTimeout: readMs }),
    ...(connectMs === undefined ? {} : { connectTimeout: connectMs }),
  }),
  deadlines: () => undefined,
};

const agent: FaultContender = {
  name: 'http.Agent',
  module: moduleAt('./contenders/agent.js'),
  waitingLabel: 'none',
  note: "http.Agent limits a socket's silence (timeout, upon which the request is destroyed) and nothing else: its calls have no deadline.",
  options: ({ readMs }) => (readMs === undefined ? {} : { timeout: readMs }),
  deadlines: () => undefined,
};

export const contenders: readonly FaultContender[] = [openline, undici, agent];

/** Node's own agents speak HTTP/1.1 alone. */
export const speakingH2: readonly FaultContender[] = [openline, undici];
