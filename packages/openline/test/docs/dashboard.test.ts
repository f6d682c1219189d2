// The page on the dashboard says of options what the code does, and its example runs.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InvalidOptionsError } from 'openline';
import { dashboard } from 'openline/dashboard';
import { expect, onTestFinished, test } from 'vitest';
import { ask, somePool } from '../dashboard/kit.ts';

const page = await readFile(new URL('../../../../docs/dashboard.md', import.meta.url), 'utf8');
const [, example = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
const [, rest = ''] = page.split('\n| option |');
const told = [...(rest.split('\n\n')[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);

test('the example serves the page', async () => {
  const [, pool = '', serve = ''] = /(const pool = .*?\n)(const board = .*?\n)/s.exec(example) ?? [];
  const run = new Function('createPool', 'dashboard', `${pool}${serve}return { pool, board };`) as (
    ...given: unknown[]
  ) => { pool: ReturnType<typeof somePool>; board: ReturnType<typeof dashboard> };
  const { createPool } = await import('openline');
  const made = run(createPool, dashboard);
  const server = createServer(made.board);
  await new Promise<void>((resolve) => void server.listen(0, 'localhost', resolve));
  onTestFinished(async () => {
    made.board.close();
    server.close();
    await made.pool.close();
  });
  const { port, address } = server.address() as AddressInfo;
  expect((await ask(port, '/', {}, 'GET', address)).body).toContain('<title>Openline</title>');
});

test('every option is told of, and no other', () => {
  try {
    dashboard([somePool('orders')], { unheardOfThing: 1 } as never);
    expect.unreachable();
  } catch (error) {
    const [fault] = (error as InvalidOptionsError).faults;
    const known = /known are (.*)/.exec(fault?.problem ?? '')?.[1]?.split(', ') ?? [];
    expect(told.toSorted()).toEqual(known.toSorted());
  }
});
