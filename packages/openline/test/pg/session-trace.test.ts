// Which texts may leave something in their session: in doubt, they do.
import { describe, expect, test } from 'vitest';
import type { DriverClient } from '../../src/pg/driver.ts';
import { leavesTrace, SessionTrace, Verdicts } from '../../src/pg/session-trace.ts';

const harmless = [
  '',
  ' -- nothing',
  'select 1',
  "select count(*), lower(s) from t where s = 'set role x'",
  'with one as (select 1) select * from one;',
  'begin',
  'BEGIN;',
  'start transaction isolation level repeatable read, read only',
  'commit',
  'commit and chain',
  'end',
  'rollback',
  'rollback to savepoint a',
  'abort',
  'savepoint a',
  'release savepoint a',
  'show all',
  'insert into t values (1, 2), (3, 4)',
  'insert into t(a, b) values ($1, lower($2)) on conflict (a) do update set b = excluded.b',
  'insert into "t" (a) select a from u',
  'insert into s.t (a) values (1)',
  'insert into "s"."t"(a) values (default) returning (a)',
  'insert into t as other (a) values (1) on conflict on constraint c do nothing',
  'update t set a = a + 1 where b in (select b from u) and exists (select 1 from v)',
  'delete from t using u where t.a = u.a',
  'merge into t using u on (t.a = u.a) when matched then delete when not matched then insert (a) values (u.a)',
  'with gone as (delete from t returning a) insert into u (a) select a from gone',
  'select * from t for update skip locked',
];

const traces = [
  'set role other',
  'set local role other',
  'reset all',
  'set session authorization other',
  'begin; set role other',
  'commit; set role other',
  'rollback; begin',
  'create temp table t (a int)',
  'select 1 into temp t',
  'listen news',
  'prepare p as select 1',
  "prepare transaction 'one'",
  'execute p',
  'declare c cursor with hold for select 1',
  'load $$library$$',
  'discard all',
  "do $$ begin perform set_config('a.b', 'c', false); end $$",
  'call procedure()',
  'copy t from stdin',
  'lock table t',
  "select set_config('role', 'other', false)",
  'select SET_CONFIG($1, $2, false)',
  'select "set_config"($1, $2, false)',
  "select pg_catalog.set_config('role', 'other', false)",
  'select db.s.f(1)',
  'select nextval($1)',
  'select pg_advisory_lock(1)',
  'insert into t select pg_advisory_lock(1)',
  'insert into t values (s.f(1))',
  'insert into t (a) values (f(1))',
  'insert into s.t (a) values (f(1))',
  'update t set a = f(1)',
  "delete from t where a = set_config('a.b', 'c', false)",
  'insert into t (a) values (1) on conflict (a) do update set a = f(excluded.a)',
  'insert into t values (1) returning f(a)',
  'merge into t using u on (t.a = u.a) when not matched then insert (a) values (f(u.a))',
  'explain analyze select f()',
  "select 'unterminated",
  'begin /* unterminated',
  `select ${'1 + '.repeat(50_000)} 1`,
];

describe('a text leaves nothing', () => {
  test.each(harmless)('%s', (text) => expect(leavesTrace(text)).toBe(false));
});

describe('a text may leave something', () => {
  test.each(traces.map((text) => [text.slice(0, 80), text]))('%s', (_shown, text) =>
    expect(leavesTrace(text)).toBe(true),
  );
});

test('a client that cannot be watched may always have left something', () => {
  const trace = new SessionTrace({} as DriverClient, new Verdicts());
  expect(trace.touched).toBe(true);
  trace.clear();
  expect(trace.touched).toBe(true);
});

test('what is known of texts stays bounded, and true', () => {
  const verdicts = new Verdicts();
  for (let round = 1; round <= 2; round += 1) {
    for (let n = 0; n < 1_500; n += 1) {
      expect(verdicts.leavesTrace(`select ${n}`)).toBe(false);
      expect(verdicts.leavesTrace(`set a.b = ${n}`)).toBe(true);
    }
  }
});
