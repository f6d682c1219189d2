// The faults' command line, and the document that it prints.

import { expect, it } from 'vitest';
import { readOptions } from '../src/faults/options.ts';
import { PATIENCE_MS, runFaults } from './run.ts';

it.each([
  [[], 'which fault?'],
  [['frozzen'], 'no fault is called frozzen; there are frozen, black-hole,'],
  [['frozen', 'full'], 'one fault at a time, or all, not also full'],
  [['frozen', '--only', 'puddle'], 'no contender is called puddle; there are openline/pg,'],
  [['frozen', '--limits', 'endless'], 'no set of limits is called endless; there are long, short'],
  [['frozen', '--seconds', '0'], '--seconds takes a whole number from 1 to 600, not 0'],
  [['frozen', '--seconds', 'ten'], '--seconds takes a whole number from 1 to 600, not ten'],
  [['frozen', '--only', 'http.Agent'], 'frozen is met by openline/pg, pg.Pool, postgres.js'],
  [['frozen', '--fast'], "Unknown option '--fast'"],
])('refuses %j and says why', (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

it('ends with 2 when it is misused, and prints nothing on stdout', async () => {
  const { code, stdout, stderr } = await runFaults('frozen', '--seconds', 'ten');
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^--seconds takes .*\n\nnpm run faults -- NAME/);
});

it('tells which faults there are when asked for help', async () => {
  const { code, stdout } = await runFaults('--help');
  expect(code).toBe(0);
  for (const name of [
    'frozen',
    'black-hole',
    'dead-connections',
    'restart',
    'full',
    'killed',
    'failover',
    'http-queue',
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  }
});

const time = expect.toSatisfy((value: unknown) => value === null || typeof value === 'number');
const count = expect.any(Number);

/** What every contender's figures are. */
const figures = {
  version: expect.stringMatching(/^\d/),
  callsOk: count,
  wrongAnswers: 0,
  errorsBefore: count,
  errorsInFlight: count,
  errorsLater: count,
  errors: expect.any(Object),
  longestMs: count,
  longest: expect.any(Array),
  overshootMs: time,
  hangs: count,
  connectAttempts: count,
  recoveryMs: time,
  crash: null,
  longestStallMs: count,
};

it('prints one document with the figures of each contender, and what each was limited to', {
  timeout: PATIENCE_MS,
}, async () => {
  const args = ['frozen', '--seconds', '1', '--limits', 'short', '--json'];
  const { code, stdout, stderr } = await runFaults(...args);
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toEqual({
    machine: expect.objectContaining({ node: process.version }),
    notes: [expect.stringContaining('pg.Pool'), expect.stringContaining('its calls have no deadline')],
    runs: [
      {
        fault: 'frozen',
        title: expect.stringContaining('for 1 s'),
        seconds: 1,
        limits: 'short',
        callers: 20,
        max: 10,
        contenders: [
          {
            ...figures,
            contender: 'openline/pg',
            options: { acquireTimeoutMs: 2000, readTimeoutMs: 1000, connectTimeoutMs: 1000 },
            deadlineMs: 4000,
          },
          {
            ...figures,
            contender: 'pg.Pool',
            options: { connectionTimeoutMillis: 2000, query_timeout: 1000 },
            deadlineMs: 3000,
          },
          {
            ...figures,
            contender: 'postgres.js',
            options: { connect_timeout: 1 },
            deadlineMs: null,
          },
        ],
      },
    ],
  });
  for (const { callsOk, longestMs, recoveryMs } of report.runs[0].contenders) {
    expect(callsOk).toBeGreaterThan(0);
    expect(longestMs).toBeGreaterThan(500);
    expect(recoveryMs).toBeGreaterThanOrEqual(0);
  }
});

it('prints a table for people, with the attempts of a full server counted', {
  timeout: PATIENCE_MS,
}, async () => {
  const args = ['full', '--seconds', '1', '--limits', 'long', '--only', 'pg.Pool'];
  const { code, stdout, stderr } = await runFaults(...args);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('full, long limits');
  expect(stdout).toMatch(/pg\.Pool \d+\.\d+\.\d+/);
  expect(stdout).toMatch(/\d+ × 53300/);
  expect(stderr).toContain('starting the servers');
});

it('leads an address to another server, and finds the callers served there', {
  timeout: PATIENCE_MS,
}, async () => {
  const args = ['failover', '--seconds', '1', '--limits', 'long', '--only', 'openline/pg', '--json'];
  const { code, stdout, stderr } = await runFaults(...args);
  expect(code, stderr).toBe(0);
  const [contender] = JSON.parse(stdout).runs[0].contenders;
  expect(contender).toMatchObject({ recoveryMs: expect.any(Number), hangs: 0 });
  expect(contender.connectAttempts).toBeGreaterThan(0);
  expect(contender.errors).not.toHaveProperty('28P01');
});

it('plays a fault of HTTP servers, with limits of its own, and names the place that holds the connections', {
  timeout: PATIENCE_MS,
}, async () => {
  const { code, stdout, stderr } = await runFaults(
    'http-unread',
    '--seconds',
    '2',
    '--limits',
    'short',
    '--only',
    'openline/http',
    '--json',
  );
  expect(code, stderr).toBe(0);
  const [run] = JSON.parse(stdout).runs;
  expect(run).toMatchObject({ fault: 'http-unread', callers: 11, max: 10 });
  const [openline] = run.contenders;
  expect(openline).toMatchObject({ ...figures, options: { acquireTimeoutMs: 1000, headersTimeoutMs: 4000 } });
  expect(openline).toMatchObject({ hangs: 0, callsOk: expect.toSatisfy((count: number) => count >= 10) });
  const { example } = openline.errors['AcquireTimeoutError OPENLINE_ACQUIRE_TIMEOUT'];
  expect(example).toMatch(/Held longest: connection \d+ for \d+ ms by .*dispatcher\.js:\d+/);
});
