// The metrics by name, unit and description, as OpenTelemetry's semantic conventions have them.

/** What a metric's values are: a level that goes up and down, a total that only grows, or durations in buckets. */
export type MetricKind = 'level' | 'total' | 'durations';

/** One metric, whatever its values. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  /** As the conventions write it: `s`, or what is counted in braces. */
  readonly unit: string;
  readonly description: string;
  /** Where the buckets of durations part, in seconds. */
  readonly bounds: readonly number[];
}

/** Powers of two in microseconds, where the buckets of the pools' own histograms part too: nothing is lost in translation. */
const octaves = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => 2 ** (from + index) / 1e6);

/** From 0.128 ms to 67 s. */
const ofWaits = octaves(7, 26);
/** From 16 ms to 18 minutes. */
const ofLifetimes = octaves(14, 30);

function level(name: string, unit: string, description: string): MetricDefinition {
  return { name, kind: 'level', unit, description, bounds: [] };
}

function durations(name: string, description: string, bounds: readonly number[]): MetricDefinition {
  return { name, kind: 'durations', unit: 's', description, bounds };
}

/** How the code calls the metrics. */
type MetricKey =
  | 'count'
  | 'idleMax'
  | 'idleMin'
  | 'limit'
  | 'max'
  | 'pendingRequests'
  | 'timeouts'
  | 'createTime'
  | 'waitTime'
  | 'useTime'
  | 'openConnections'
  | 'connectionDuration'
  | 'activeRequests';

/** Every metric there is, in the order in which they are told. */
export const definitions: Readonly<Record<MetricKey, MetricDefinition>> = {
  count: level(
    'db.client.connection.count',
    '{connection}',
    'Open connections by state; those being opened or closed are in none.',
  ),
  idleMax: level('db.client.connection.idle.max', '{connection}', 'The most idle connections allowed.'),
  idleMin: level('db.client.connection.idle.min', '{connection}', 'The fewest connections kept open.'),
  limit: level('db.client.connection.limit', '{connection}', 'The most connections allowed.'),
  // Its name before the conventions' version 1.45: programs and pages know it by either.
  max: level('db.client.connection.max', '{connection}', 'The most connections allowed; now called limit.'),
  pendingRequests: level(
    'db.client.connection.pending_requests',
    '{request}',
    'Callers that wait for a connection.',
  ),
  timeouts: {
    name: 'db.client.connection.timeouts',
    kind: 'total',
    unit: '{timeout}',
    description: 'Callers that had no connection when their time was over.',
    bounds: [],
  },
  createTime: durations(
    'db.client.connection.create_time',
    'The time it took to open a connection.',
    ofWaits,
  ),
  waitTime: durations(
    'db.client.connection.wait_time',
    'The time it took to obtain a connection from the pool.',
    ofWaits,
  ),
  useTime: durations(
    'db.client.connection.use_time',
    'The time from obtaining a connection to its return.',
    ofWaits,
  ),
  openConnections: level(
    'http.client.open_connections',
    '{connection}',
    'Open connections by state; those being opened or closed are in none.',
  ),
  connectionDuration: durations(
    'http.client.connection.duration',
    'How long a connection was open, counted when it is closed.',
    ofLifetimes,
  ),
  activeRequests: level(
    'http.client.active_requests',
    '{request}',
    'Requests sent or waiting to be, and not ended.',
  ),
};
