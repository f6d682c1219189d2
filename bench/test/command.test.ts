// The benches' command line, and the tables it prints for people.

import { expect, it } from 'vitest';
import { PATIENCE_MS, run } from './run.ts';

it('prints a table that names the reference, the versions and whether an AsyncLocalStorage is on', {
  timeout: PATIENCE_MS,
}, async () => {
  const { code, stdout, stderr } = await run(
    'cycle',
    '--tiny',
    '--rounds',
    '1',
    '--scenarios',
    'alone',
    '--only',
    'fifo,tarn',
  );
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('AsyncLocalStorage off');
  expect(stdout).toContain('AsyncLocalStorage on');
  expect(stdout).toMatch(/tarn \d+\.\d+\.\d+/);
  expect(stderr).toContain('round 1 of 1');
});

it.each([
  [[], 'which bench?'],
  [['bicycle'], 'no bench is called bicycle'],
  [['cycle', 'spike'], 'one bench at a time'],
  [['cycle', '--rounds', '0'], '--rounds takes a whole number above 0, not 0'],
  [['cycle', '--only', 'puddle'], 'no contender is called puddle; there are fifo,'],
  [['cycle', '--tiny', '--save'], '--save keeps whole runs only'],
])('refuses %j and says why', async (args, reason) => {
  const { code, stdout, stderr } = await run(...args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(reason);
});

it('tells which benches there are when asked for help', async () => {
  const { code, stdout } = await run('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('cycle, spike, postgres');
});
