// Traces by OpenTelemetry's SDK, in batches as in production, with an exporter that keeps nothing.

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { acquireSpans } from 'openline/telemetry';
import type { Ask } from '../../contenders/query.ts';
import type { MakeWatch, Tally } from './watch.ts';

/** A queue of the default length would drop most of so many spans, and those that are dropped cost less. */
const QUEUED = 2 ** 20;

/** Acquires have spans where their caller has one; here none has. */
export const spans: MakeWatch = (tally) => {
  const { end } = trackers(tally);
  return { observers: [acquireSpans({ context, trace })], begin: () => end };
};

/** Each question is a request with a span; acquires have none. */
export const requests: MakeWatch = (tally) => {
  const { end, inRequest } = trackers(tally);
  return { inRequest, begin: () => end };
};

/** Each question is a request with a span, and so is each acquire that waits. */
export const requestsWithSpans: MakeWatch = (tally) => {
  const { end, inRequest } = trackers(tally);
  return { observers: [acquireSpans({ context, trace })], inRequest, begin: () => end };
};

function trackers(tally: Tally): { inRequest(ask: Ask): Ask; end(): Promise<void> } {
  const exporter: SpanExporter = {
    export: (ended, done) => {
      for (const { name } of ended) if (name === 'acquire connection') tally.spans++;
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: QUEUED });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const tracer = trace.getTracer('service');
  return {
    inRequest: (ask) => (text, values) =>
      tracer.startActiveSpan('request', async (span) => {
        try {
          return await ask(text, values);
        } finally {
          span.end();
        }
      }),
    end: () => provider.shutdown(),
  };
}
