// A wait for a connection has a span below that of its caller, and only there.
import { context, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { acquireSpans } from 'openline/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask, type Kit, setUp, type Watched } from '../core/kit.ts';

const hrTimeToMs = ([seconds, nanoseconds]: [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;

const exporter = new InMemorySpanExporter();
const spanProcessors = [new SimpleSpanProcessor(exporter)];
const provider = new BasicTracerProvider({ spanProcessors });
const tracer = provider.getTracer('test');

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
beforeEach(() => exporter.reset());
afterAll(() => {
  context.disable();
  trace.disable();
});

const acquires = (): ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ name }) => name === 'acquire connection');

function traced(options: Parameters<typeof setUp>[0] = {}): Kit {
  return setUp({ name: 'orders', max: 1, observers: [acquireSpans({ context, trace })], ...options });
}

/** Acquires below a span, which ends when the acquire has. */
function askBelow(kit: Kit, parent: string, options?: { timeoutMs: number }): Watched<{ release(): void }> {
  return tracer.startActiveSpan(parent, (span) => {
    const asked = ask(kit, options);
    span.end();
    return asked;
  });
}

test('the span of a wait is its caller’s child, and tells the phases of the open that served it', async () => {
  const kit = traced({ connector: { open: 'never' } });
  const asked = askBelow(kit, 'request');
  const [open] = kit.connector.opens;
  open!.context.phase('dns');
  await kit.clock.advance(3);
  open!.context.phase('tcp');
  await kit.clock.advance(20);
  open!.succeed();
  await kit.clock.settle();
  const [parent] = exporter.getFinishedSpans().filter(({ name }) => name === 'request');
  const [span] = acquires();
  expect(span!.parentSpanContext?.spanId).toBe(parent!.spanContext().spanId);
  expect(span!.attributes).toEqual({
    'openline.pool.name': 'orders',
    'openline.connection.id': 1,
  });
  expect(span!.events.map(({ name, attributes }) => [name, attributes?.['openline.took_ms']])).toEqual([
    ['open dns', 3],
    ['open tcp', 20],
  ]);
  expect(span!.status.code).toBe(SpanStatusCode.UNSET);
  asked.value.release();
});

test('each phase has the time of its end, and the last one ends with the open', async () => {
  const kit = traced({ connector: { open: 'never' } });
  const before = Date.now();
  const asked = askBelow(kit, 'request');
  const [open] = kit.connector.opens;
  for (const [phase, ms] of [
    ['dns', 3],
    ['tcp', 20],
    ['tls', 41],
    ['startup', 8],
  ] as const) {
    open!.context.phase(phase);
    await kit.clock.advance(ms);
  }
  open!.succeed();
  await kit.clock.settle();
  const [span] = acquires();
  const times = span!.events.map(({ time }) => hrTimeToMs(time));
  // The phases lasted on the pool's clock; the events have that of the wall, on which no time has passed.
  const openedAt = times.at(-1)!;
  expect(openedAt).toBeGreaterThanOrEqual(before);
  expect(openedAt).toBeLessThanOrEqual(Date.now());
  expect(times.map((time) => time - openedAt)).toEqual([-69, -49, -8, 0]);
  asked.value.release();
});

test('who waits for an open that had begun before is told of all of it', async () => {
  const kit = traced({ connector: { open: 'never' } });
  const first = ask(kit);
  const [open] = kit.connector.opens;
  open!.context.phase('tcp');
  await kit.clock.advance(30);
  const late = askBelow(kit, 'request');
  open!.succeed();
  await kit.clock.settle();
  first.value.release();
  await kit.clock.settle();
  expect(acquires()[0]!.events.map(({ name, attributes }) => [name, attributes])).toEqual([
    ['open tcp', { 'openline.took_ms': 30 }],
  ]);
  late.value.release();
});

test('each of several who wait at once has a span below its own caller’s', async () => {
  const kit = traced({ connector: { validate: 'none' } });
  const held = ask(kit);
  await kit.clock.settle();
  const asked = ['a', 'b', 'c'].map((name) => askBelow(kit, name));
  held.value.release();
  for (const each of asked) {
    await kit.clock.settle();
    each.value.release();
  }
  const names = new Map(exporter.getFinishedSpans().map((span) => [span.spanContext().spanId, span.name]));
  expect(acquires().map(({ parentSpanContext }) => names.get(parentSpanContext!.spanId))).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect(acquires().flatMap(({ events }) => events)).toEqual([]);
});

test('a wait that ends in vain is an error, with the attempts that failed', async () => {
  const kit = traced({ connector: { open: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) } });
  const asked = askBelow(kit, 'request', { timeoutMs: 100 });
  await kit.clock.advance(100);
  expect(asked.error?.code).toBe('OPENLINE_ACQUIRE_TIMEOUT');
  const [span] = acquires();
  expect(span!.status.code).toBe(SpanStatusCode.ERROR);
  expect(span!.attributes['error.type']).toBe('OPENLINE_ACQUIRE_TIMEOUT');
  expect(span!.events.length).toBeGreaterThan(0);
  for (const { name, attributes } of span!.events) {
    expect([name, attributes]).toEqual([
      'open failed',
      { 'openline.phase': 'open', 'error.type': 'ECONNREFUSED' },
    ]);
  }
});

test('an abort ends the span with the kind of its reason', async () => {
  const kit = traced({ connector: { open: 'never' } });
  const aborter = new AbortController();
  tracer.startActiveSpan('request', () => ask(kit, { signal: aborter.signal }));
  aborter.abort();
  await kit.clock.settle();
  expect(acquires().map(({ attributes }) => attributes['error.type'])).toEqual(['AbortError']);
});

test('without a parent, or below one that is not recorded, no span is begun', async () => {
  const started: string[] = [];
  const counting: Tracer = {
    startSpan: (name, ...rest) => {
      started.push(name);
      return tracer.startSpan(name, ...rest);
    },
    startActiveSpan: tracer.startActiveSpan.bind(tracer) as Tracer['startActiveSpan'],
  };
  const kit = traced({ observers: [acquireSpans({ context, trace, tracer: counting })] });
  const unsampled = new BasicTracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('off');
  ask(kit);
  unsampled.startActiveSpan('request', () => ask(kit));
  expect(started).toEqual([]);
  askBelow(kit, 'request');
  expect(started).toEqual(['acquire connection']);
  await kit.clock.settle();
});

test('an acquire that is served on the spot has none either', async () => {
  const kit = traced({ connector: { validate: 'none' } });
  await kit.pool.use(() => undefined);
  await tracer.startActiveSpan('request', () => kit.pool.use(() => undefined));
  expect(acquires()).toEqual([]);
});
