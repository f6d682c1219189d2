// Shows the counts to a meter of OpenTelemetry's API, for programs whose metric reader is made elsewhere: observable instruments, read at collection.

import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { definitions, type MetricDefinition } from './definitions.ts';
import type { PoolMetrics } from './pool-metrics.ts';

/**
 * Shows the counts and limits of the pools to a meter. The durations (`create_time`, `wait_time`, `use_time`, `http.client.connection.duration`) are not
 * among them: the API takes only single durations, at a tenth of a short query's price for each. {@link toMetricProducer} has them too;
 * give a reader one or the other, not both.
 *
 * @returns what ends it.
 *
 * @example
 * ```ts
 * import { metrics as api } from '@opentelemetry/api';
 *
 * const metrics = new PoolMetrics();
 * metrics.watch(pool);
 * toMeter(metrics, api.getMeter('openline'));
 * ```
 */
export function toMeter(metrics: PoolMetrics, meter: Meter): Disposable {
  const instruments = new Map<string, Observable>();
  for (const metric of Object.values(definitions)) {
    if (metric.kind !== 'durations') instruments.set(metric.name, instrumentOf(meter, metric));
  }
  const observables = [...instruments.values()];
  const observe = (result: BatchObservableResult): void => {
    for (const reading of metrics.read()) {
      if (reading.kind === 'durations') continue;
      const instrument = instruments.get(reading.name)!;
      for (const { value, attributes } of reading.points)
        result.observe(instrument, value, { ...attributes });
    }
  };
  meter.addBatchObservableCallback(observe, observables);
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(observe, observables) };
}

function instrumentOf(meter: Meter, { name, unit, description, kind }: MetricDefinition): Observable {
  // ValueType.INT, of which only the type is imported.
  const options = { unit, description, valueType: 0 } as const;
  return kind === 'total'
    ? meter.createObservableCounter(name, options)
    : meter.createObservableUpDownCounter(name, options);
}
