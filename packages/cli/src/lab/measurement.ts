// Measures one service: load to warm it up, then load that counts.
import type { LoadCalls, LoadProgress, LoadResult, OrdersCalls, OrdersCounters } from './calls.ts';
import { LabError } from './errors.ts';
import type { LabProcess } from './lab-process.ts';
import { phaseNames } from './phases.ts';
import { warmUpSeconds } from './settings.ts';

/** One phase of a request. */
export interface PhaseMeasure {
  readonly phase: string;
  /** Mean over all requests. */
  readonly meanMs: number;
  /** Of the time of a request, 0 to 1. */
  readonly share: number;
}

/** What the measurement of one service came to. */
export interface Measurement {
  readonly requests: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** As the callers saw it. */
  readonly latencyMs: LoadResult['latencyMs'];
  /** Processor time of the service's process. */
  readonly cpuMsPerRequest: number;
  /** Connections opened since the service was started: warm-up included. */
  readonly opened: OrdersCounters['opened'];
  /** Mean time of a request inside the service. */
  readonly requestMs: number;
  /** Where that time went. Wall time: waiting for the processor is part of each phase. */
  readonly phases: readonly PhaseMeasure[];
  /** What opening one connection of each pool took, phase by phase; empty without pools. */
  readonly connectMs: OrdersCounters['connectMs'];
}

/** What to measure, and whom to tell. */
export interface MeasurementPlan {
  readonly service: LabProcess<OrdersCalls>;
  readonly load: LabProcess<LoadCalls>;
  readonly origin: string;
  readonly callers: number;
  readonly seconds: number;
  /** Called twice a second while load is on; `seconds` is the time passed since it began. */
  readonly onProgress: (progress: LoadProgress, seconds: number) => void;
}

const progressEveryMs = 500;

/**
 * Measures a service.
 * @throws {LabError} when not one request succeeded.
 */
export async function measure(plan: MeasurementPlan): Promise<Measurement> {
  const { service, load, origin, callers, seconds, onProgress } = plan;
  refuseSilence(await load.ask('run', { origin, callers, seconds: warmUpSeconds }));
  const before = await service.ask('counters');
  const startedAt = performance.now();
  const reporter = setInterval(() => {
    const passed = (performance.now() - startedAt) / 1000;
    load.ask('progress').then(
      (progress) => onProgress(progress, passed),
      () => undefined,
    );
  }, progressEveryMs);
  try {
    const result = await load.ask('run', { origin, callers, seconds });
    return evaluate(result, before, await service.ask('counters'));
  } finally {
    clearInterval(reporter);
  }
}

function refuseSilence(result: LoadResult): void {
  if (result.answered === 0) {
    throw new LabError(
      `The orders service answered none of ${result.failed} requests: ${result.firstFailure}`,
    );
  }
}

function evaluate(result: LoadResult, before: OrdersCounters, after: OrdersCounters): Measurement {
  refuseSilence(result);
  const served = result.answered + result.failed;
  const mean = (key: string): number => ((after.phasesMs[key] ?? 0) - (before.phasesMs[key] ?? 0)) / served;
  const requestMs = mean('total');
  return {
    requests: result.answered,
    failed: result.failed,
    firstFailure: result.firstFailure,
    seconds: result.seconds,
    requestsPerSecond: result.answered / result.seconds,
    latencyMs: result.latencyMs,
    cpuMsPerRequest: (after.cpuMs - before.cpuMs) / served,
    opened: after.opened,
    requestMs,
    phases: phaseNames.map(({ key }) => ({
      phase: key,
      meanMs: mean(key),
      share: requestMs > 0 ? mean(key) / requestMs : 0,
    })),
    connectMs: after.connectMs,
  };
}
