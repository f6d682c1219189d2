// The phases of a request: their order, and their names for people.

/** One phase as it is measured and shown. */
export interface PhaseName {
  /** As the orders service counts it. */
  readonly key: string;
  readonly party: 'database' | 'price service';
  readonly label: string;
  /** Whether it is part of the work, or of making and ending a connection for it. */
  readonly isWork: boolean;
}

const database = (name: string, label: string, isWork = false): PhaseName => ({
  key: `database.${name}`,
  party: 'database',
  label,
  isWork,
});

const prices = (name: string, label: string, isWork = false): PhaseName => ({
  key: `prices.${name}`,
  party: 'price service',
  label,
  isWork,
});

/** In the order in which a request passes them. */
export const phaseNames: readonly PhaseName[] = [
  database('dns', 'DNS'),
  database('tcp', 'TCP'),
  database('tls', 'TLS'),
  database('startup', 'startup'),
  database('authentication', 'authentication'),
  database('wait', 'wait for a connection', true),
  database('query', 'query', true),
  database('close', 'close'),
  prices('dns', 'DNS'),
  prices('tcp', 'TCP'),
  prices('tls', 'TLS'),
  prices('wait', 'wait for a connection', true),
  prices('call', 'call', true),
  prices('close', 'close'),
];
