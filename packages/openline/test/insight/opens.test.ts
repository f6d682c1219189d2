// Opens that failed long ago, and those that fail now: what one snapshot tells of them, and a network that says nothing.
import { ConnectError } from 'openline';
import { diagnose, type Snapshot } from 'openline/insight';
import { describe, expect, it } from 'vitest';
import { exhausted, history, holders, type Second, usual } from './scene.ts';

const failure = new ConnectError(
  'orders',
  { phase: 'tcp', address: 'db:5432', attempts: 5, tookMs: 3, timedOut: false },
  new Error('connect ECONNREFUSED 10.0.0.5:5432'),
);
const outage = { ageMs: 4_000, attempts: 5, breakerOpen: false, error: failure };
const none = { size: 0, idle: 0, leased: 0, leases: 0 };

const [well] = history(usual, 0) as [Snapshot];
const causes = (snapshots: readonly Snapshot[]): string[] =>
  diagnose(snapshots).ranked.map(({ cause }) => cause);

describe('one snapshot of a pool that has lived for long', () => {
  it('tells an outage, though hundreds of opens succeeded before it', () => {
    const connect = { count: 500, sumMs: 10_000, p50Ms: 20 };
    const now = { ...well, ...none, waiting: 9, timedOut: 3, openFailed: 5, connect, outage };
    expect(diagnose([now]).verdict).toBe('server-unreachable');
    expect(diagnose([{ ...now, openFailed: 6, refusedAsFull: 1 }]).verdict).toBe('server-unreachable');
  });

  it('tells a leak, and not that the server is full, since it was so once', () => {
    const now = { ...well, ...exhausted(9), openFailed: 1, refusedAsFull: 1, holders: holders(8, 60_000) };
    expect(causes([now])).toEqual(['leak']);
  });

  it('tells a full server where every open of the outage was refused so', () => {
    const now = { ...well, ...none, waiting: 9, timedOut: 3, openFailed: 5, refusedAsFull: 5, outage };
    expect(causes([now])).toEqual(['server-full']);
  });

  it('takes a server for full that refused before, where callers wait for a connection that nobody opens', () => {
    const now = { ...well, size: 4, idle: 0, waiting: 9, timedOut: 3, openFailed: 6, refusedAsFull: 5 };
    expect(diagnose([now]).verdict).toBe('server-full');
  });

  it('calls no server out of reach that nobody has wanted a connection of since', () => {
    const now = { ...well, size: 4, idle: 2, leased: 2, timedOut: 3, openFailed: 5, outage };
    expect(diagnose([now]).verdict).toBe('unsure');
  });
});

it('tells an outage in which no attempt has ended for ten seconds, and calls no connect slow', () => {
  const silent: Second = {
    timedOut: 20,
    now: {
      ...none,
      size: 3,
      opening: 3,
      waiting: 100,
      opens: [{ ageMs: 9_000, phase: 'tcp', address: 'db:5432' }],
      outage,
    },
  };
  expect(causes(history(silent, 15))).toEqual(['server-unreachable']);
});
