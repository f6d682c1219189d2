// The telemetry of a pool of PostgreSQL on a real server: counts, times, spans below their requests, and the log.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Pool } from 'openline/pg';
import { acquireSpans, logPools, PoolMetrics, toMetricProducer } from 'openline/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';
import { collecting, valuesOf } from '../telemetry/collecting.ts';

const database = givenPostgres({ tls: true });
const state = 'db.client.connection.state';
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
afterAll(() => {
  context.disable();
  trace.disable();
});

test('counts and times are told of loans and of queries that share connections', async () => {
  const pool = ended(new Pool({ ...database.config({ max: 2 }), name: 'orders' }));
  const metrics = new PoolMetrics();
  metrics.watch(pool);
  const { collect } = collecting(toMetricProducer(metrics));
  const client = await pool.connect();
  const during = await collect();
  expect(valuesOf(during.get('db.client.connection.count'), state)).toEqual({ idle: 0, used: 1 });
  client.release();
  const reads = Array.from({ length: 50 }, (_, n) => pool.query('select $1::int as n', [n]));
  await Promise.all(reads);
  await until(() => pool.stats().leases === 0, 'every query has given back its connection');
  const after = await collect();
  const times = (name: string): unknown => valuesOf(after.get(`db.client.connection.${name}`))[''];
  expect(times('use_time')).toMatchObject({ count: pool.stats().totals.released });
  expect(times('wait_time')).toMatchObject({ count: pool.stats().totals.acquired });
  expect(pool.stats().totals.acquired).toBeGreaterThan(1);
  expect(times('create_time')).toMatchObject({ count: pool.stats().totals.opened });
  expect(times('timeouts')).toBe(0);
});

test('a query that waits for the first connection has a span below its request, with the phases of the handshake', async () => {
  const pool = ended(
    new Pool({
      ...database.config({ max: 1 }),
      name: 'traced',
      observers: [acquireSpans({ context, trace })],
    }),
  );
  const requests = ['a', 'b'].map((name) =>
    tracer.startActiveSpan(name, async (span) => {
      await (name === 'a' ? pool.query('select pg_sleep(0.01)') : pool.connect().then((it) => it.release()));
      span.end();
    }),
  );
  await Promise.all(requests);
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const acquires = spans.filter(({ name }) => name === 'acquire connection');
  const parents = acquires.map(({ parentSpanContext }) => names.get(parentSpanContext?.spanId ?? ''));
  expect(parents.sort()).toEqual(['a', 'b']);
  const phases = acquires.flatMap(({ events }) => events.map(({ name }) => name));
  expect(phases).toContain('open tcp');
  expect(phases.every((name) => name.startsWith('open '))).toBe(true);
});

test('the phases of the handshake are events in their order, each at its end, within the wait', async () => {
  exporter.reset();
  const pool = ended(
    new Pool({
      ...database.config({ max: 1 }),
      host: 'localhost',
      name: 'phases',
      observers: [acquireSpans({ context, trace })],
    }),
  );
  await tracer.startActiveSpan('request', async (span) => {
    (await pool.connect()).release();
    span.end();
  });
  const [acquire] = exporter.getFinishedSpans().filter(({ name }) => name === 'acquire connection');
  const { events, startTime, endTime } = acquire!;
  expect(events.map(({ name }) => name)).toEqual(
    ['dns', 'tcp', 'tls', 'startup', 'authentication'].map((phase) => `open ${phase}`),
  );
  const ms = ([seconds, nanoseconds]: [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;
  // The wall clock, which the spans have, shows whole milliseconds.
  const inexactMs = 2;
  let from = ms(startTime) - inexactMs;
  for (const { name, time, attributes } of events) {
    const tookMs = Number(attributes!['openline.took_ms']);
    expect(tookMs, name).toBeGreaterThan(0);
    expect(ms(time), name).toBeGreaterThanOrEqual(from + tookMs - inexactMs);
    from = ms(time);
  }
  expect(from).toBeLessThanOrEqual(ms(endTime) + inexactMs);
  const { sumMs, count } = pool.stats().times.connect;
  expect(count).toBe(1);
  const tookMs = events.reduce((sum, { attributes }) => sum + Number(attributes!['openline.took_ms']), 0);
  expect(tookMs).toBeCloseTo(sumMs, 3);
});

test('a transaction left open has a line in the log', async () => {
  const pool = ended(new Pool({ ...database.config({ max: 1 }), name: 'dirty' }));
  const lines: object[] = [];
  const line = (details: object, message: string): void => void lines.push({ message, ...details });
  const log = logPools([pool], { info: line, warn: line, error: line });
  const client = await pool.connect();
  await client.query('begin');
  client.release();
  await until(() => lines.length > 0, 'a line');
  log[Symbol.dispose]();
  expect(lines).toMatchObject([{ message: 'pool "dirty": dirty return', pool: 'dirty', connectionId: 1 }]);
});
