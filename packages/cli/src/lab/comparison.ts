// The two measurements side by side, and what follows from them.
import type { Measurement } from './measurement.ts';
import { phaseNames } from './phases.ts';

/** Under what conditions both were measured. */
export interface Conditions {
  readonly database: string;
  readonly callers: number;
  readonly poolMax: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly node: string;
  readonly processors: number;
}

/** How many times the pooled service is better; below 1 where it is worse. */
export interface Ratios {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMsPerRequest: number;
  readonly databaseConnections: number;
  readonly priceConnections: number;
}

/** All that the lab found; what `--json` prints. */
export interface Comparison {
  readonly conditions: Conditions;
  readonly perRequest: Measurement;
  readonly pooled: Measurement;
  readonly ratios: Ratios;
  /** Share of a request's time, with connections of its own, that went into making and ending them: 0 to 1. */
  readonly connectionShare: number;
}

/** Compares. */
export function compare(conditions: Conditions, perRequest: Measurement, pooled: Measurement): Comparison {
  return {
    conditions,
    perRequest,
    pooled,
    ratios: {
      requestsPerSecond: pooled.requestsPerSecond / perRequest.requestsPerSecond,
      p50: perRequest.latencyMs.p50 / pooled.latencyMs.p50,
      p99: perRequest.latencyMs.p99 / pooled.latencyMs.p99,
      cpuMsPerRequest: perRequest.cpuMsPerRequest / pooled.cpuMsPerRequest,
      databaseConnections: perRequest.opened.database / pooled.opened.database,
      priceConnections: perRequest.opened.prices / pooled.opened.prices,
    },
    connectionShare: perRequest.phases
      .filter((_, index) => !phaseNames[index]?.isWork)
      .reduce((sum, { share }) => sum + share, 0),
  };
}
