// Traces by the instrumentation that pg's users have: each statement's span belongs to the request that asked for it.
import { expect, test } from 'vitest';
import { givenPostgres } from '../support/postgres.ts';
import { givenPrograms } from '../support/programs.ts';

const database = givenPostgres();
const programs = givenPrograms();

/** Requests of a span each ask over a pool, and the parents of the spans of their statements are told by text. */
const traced = `
  const { createRequire } = await import('node:module');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { context, trace } = await import('@opentelemetry/api');
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { PgInstrumentation } = await import('@opentelemetry/instrumentation-pg');
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const instrumentation = new PgInstrumentation();
  for (const module of instrumentation.init()) if (module.name === 'pg') module.patch({ default: pg, ...pg, [Symbol.toStringTag]: 'Module' });
  const tracer = trace.getTracer('test');
  const pool = new openline.Pool({ ...config, max: 3 });
  const read = 'select $1::int as n';
  for (let run = 0; run < 3; run++) await pool.query(read, [0]);
  exporter.reset();
  const request = (n) => tracer.startActiveSpan('request ' + n, async (span) => {
    await pool.query(read, [n]);
    await new Promise((resolve) => pool.query(read, [n], resolve));
    await pool.query('select pg_sleep(0.01), $1::int as n', [n]);
    const client = await pool.connect();
    await client.query(read, [n]);
    client.release();
    span.end();
  });
  await Promise.all(Array.from({ length: 20 }, (_, n) => request(n)));
  await pool.end();
  const spans = exporter.getFinishedSpans();
  const requests = new Map(spans.filter(({ name }) => name.startsWith('request')).map((span) => [span.spanContext().spanId, span]));
  const statements = spans.filter(({ name }) => name.startsWith('pg.query'));
  tell({
    requests: requests.size,
    statements: statements.length,
    orphans: statements.filter((span) => !requests.has(span.parentSpanContext?.spanId)).length,
    perRequest: [...requests.keys()].map((id) => statements.filter((span) => span.parentSpanContext?.spanId === id).length),
  });
`;

test('every span of a statement, on a shared line or not, is a child of the request that asked', async () => {
  const ending = await programs.run(traced, database.config());
  expect(ending.complaints).toBe('');
  expect(ending.told).toEqual([
    { requests: 20, statements: 80, orphans: 0, perRequest: Array.from({ length: 20 }, () => 4) },
  ]);
});
