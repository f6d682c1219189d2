// Settings of a session that go with its startup.
import { Pool } from 'openline/pg';
import { describe, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();

describe('settings', () => {
  test('hold in every session, whatever is in their values, beside the options that were given', async () => {
    const settings = {
      search_path: '"a b", public',
      timezone: 'Asia/Tokyo',
      work_mem: 65_536,
      'app.note': 'back\\slash and\ttab',
    };
    const pool = ended(new Pool(database.config({ settings, options: '-c lock_timeout=1234' })));
    const { rows } = await pool.query(
      `select current_setting('search_path') as path, current_setting('timezone') as zone, current_setting('work_mem') as memory,
        current_setting('app.note') as note, current_setting('lock_timeout') as lock`,
    );
    expect(rows).toEqual([
      {
        path: '"a b", public',
        zone: 'Asia/Tokyo',
        memory: '64MB',
        note: 'back\\slash and\ttab',
        lock: '1234ms',
      },
    ]);
  });

  test('are what a reset of the session comes back to', async () => {
    const pool = ended(
      new Pool(database.config({ max: 1, settings: { work_mem: '5MB' }, reset: 'session' as const })),
    );
    const client = await pool.connect();
    await client.query('set work_mem = 100');
    client.release();
    const next = await pool.connect();
    expect((await next.query('show work_mem')).rows).toEqual([{ work_mem: '5MB' }]);
    next.release();
  });

  test.each([
    [{ 'no name': 1 }, /settings.no name is no name of a setting/],
    [{ work_mem: {} }, /settings.work_mem is object: give a text/],
  ])('%j is refused', (settings, message) => {
    expect(() => new Pool({ settings: settings as never })).toThrow(message);
  });
});
