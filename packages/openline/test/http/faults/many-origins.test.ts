// Many more origins than connections: all of them are served, and none of them starves.
import { expect, it } from 'vitest';
import { lookupOf } from '../../support/sockets.ts';
import { givenPool, givenServer } from '../support/pools.ts';
import { askByRequest, expectNothingLeft } from '../support/ways-in.ts';

const origins = 200;
const maxTotal = 50;
const callersEach = 2;
/** How far the origin that is served least may be behind the one that is served most. */
const fairShare = 4;

it('serves two hundred origins over fifty connections, each as often as the others', async () => {
  const server = await givenServer((request, response) => {
    setTimeout(() => response.end(request.headers.host), 2);
  });
  const { port } = new URL(server.origin);
  const pool = givenPool({ maxTotal, lookup: lookupOf('127.0.0.1') });
  const answers = new Map<string, number>();
  let most = 0;
  const until = Date.now() + 4_000;
  const caller = async (origin: string): Promise<void> => {
    while (Date.now() < until) {
      expect(await askByRequest(pool, `http://${origin}/`)).toBe(origin);
      answers.set(origin, (answers.get(origin) ?? 0) + 1);
    }
  };
  const watch = setInterval(() => {
    most = Math.max(most, pool.stats().size);
  }, 100);
  const names = Array.from({ length: origins }, (_, index) => `service-${index}.test:${port}`);
  await Promise.all(names.flatMap((name) => Array.from({ length: callersEach }, () => caller(name))));
  clearInterval(watch);
  expect(most).toBe(maxTotal);
  expect(answers.size).toBe(origins);
  const counts = [...answers.values()];
  if (process.env['OPENLINE_TEST_FIGURES'])
    console.log(`from ${Math.min(...counts)} to ${Math.max(...counts)} answers of each origin`);
  expect(Math.max(...counts)).toBeLessThan(fairShare * Math.min(...counts));
  await expectNothingLeft(pool, server);
});
