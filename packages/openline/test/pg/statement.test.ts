// What a text may do to others on its line: asked of many texts, of random ones, and of the server itself.
import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { harmlessFunctions } from '../../src/pg/harmless-functions.ts';
import { classify } from '../../src/pg/statement.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();

const reads = [
  'select 1',
  'SELECT * FROM items WHERE id IN (1, 2) -- for update',
  'select count(*) from items;',
  'select 1;;',
  'values (1), (2)',
  'table items',
  '(select 1) union (select 2)',
  'with one(a) as (select 1) select * from one',
  'select $1::int, $2::text from items where id = any($3)',
  'select "lower"(name) from items',
  'select price::numeric(10, 2), cast(name as varchar(20)), made::timestamp(3) from items',
  'select /* delete from items; /* nested */ */ 1',
  "select e'it\\'s' || 'a;b' || $tag$ ; for update $tag$",
  "select u&'\\0041'",
  "select now() - interval '1 day', sum(price) over (partition by name order by id) from items",
  'select array[1, 2], array(select 1), extract(epoch from now()), substring(name from 1 for 2) from items',
  'select * from generate_series(1, 3) as numbers(n) cross join lateral (select n + 1) as next(m)',
  "select json_build_object('a', coalesce(name, 'none')) from items group by grouping sets ((name), ())",
  'select i.name, "i".price from items as i left join (select 1 as id) as other on other.id = i.id',
  'select count(*) filter (where id > 1), rank() over (partition by name order by (id)) from items group by id, name',
  "select name like ('a' || '%'), name ilike ('b'), 'x'::character varying(3) from items tablesample system (50)",
  'select name, count(*) from items group by rollup (name)',
  'select case when id > (select max(id) from items) then 1 else 0 end from items limit (1) offset (0)',
];
const writes = [
  "insert into items (name) values ('a') returning id",
  'update items set price = 1 where id = any($1)',
  'delete from items',
  'with gone as (delete from items returning *) select * from gone',
  'select * from items for update',
  'select * from items for no key update skip locked',
  'select * from (select * from items for share) as locked',
  'select 1for update',
  'select pg_sleep(1)',
  'select pg_advisory_lock(1)',
  "select set_config('a.b', 'c', false)",
  "select nextval('items_id_seq')",
  'select own_function(1)',
  'select other.lower(name) from items',
  'select "Lower"(name) from items',
];
/** Ways to call a function that do not look like one, and words of the grammar that may name one. */
const disguised = [
  'select (0.3::float8).pg_sleep',
  'select $1.pg_sleep',
  'select (array[0.3])[1].pg_sleep',
  'select a.pg_sleep from unnest(array[0.3]) as a',
  "select s.nextval from (select 's'::regclass) as s",
  'select (0.3::float8)."pg_sleep"',
  'select treat(0.3 as pg_sleep)',
  'select by(1)',
  'select key(1)',
  'select rollup(1)',
  'select filter(1), over(1), groups(1), range(1), rows(1), next(1), last(1), escape(1)',
  'select join(1)',
  'select 1, join(1)',
  'select not ilike(1)',
  'select * from items tablesample anything(1)',
  'select ran\u212a() over () from items',
];
const exclusives = [
  'insert into items select 1 into copied',
  'select update into copied from items',
  '',
  ';',
  '-- nothing',
  'begin',
  'set search_path = x',
  'copy items from stdin',
  'select 1; select 2',
  'insert into items default values; select 1',
  'select * into copied from items',
  'explain analyze delete from items',
  'listen channel',
  'declare c cursor for select 1',
  'prepare p as select 1',
  'call procedure_of_mine()',
  'do $$ begin end $$',
  'lock table items',
  "select 'a\\'",
  "select 'open",
  'select "open',
  'select $tag$ open $tag',
  'select /* open /* */',
  'select (1',
  'select 1)',
  'select 1\0',
  `select ${'1,'.repeat(60_000)}1`,
];

describe('the kind of a text', () => {
  test.each(reads)('read: %s', (text) => expect(classify(text)).toBe('read'));
  test.each(disguised)('write: %s', (text) => expect(classify(text)).toBe('write'));
  test.each(writes)('write: %s', (text) => expect(classify(text)).toBe('write'));
  test.each(exclusives.map((text) => [text.slice(0, 60), text]))('exclusive: %s', (_, text) =>
    expect(classify(text)).toBe('exclusive'),
  );
});

/** Pieces that hide words, and those that are nothing. */
const blank = fc.constantFrom(' ', '\n', '\t', ' -- for update;\n', '/* ; delete */', '/* /* into */ */');
const piece = fc.constantFrom(
  'select',
  'from',
  'items',
  '(',
  ')',
  ',',
  '1',
  '$1',
  "'it''s; for update'",
  '"select"',
  'for',
  'update',
  'into',
  ';',
  'lower(',
  'pg_sleep(',
  'delete',
  'with',
  'as',
  '.',
  '$$ ; $$',
  "e'\\''",
  '::',
  '+',
  'insert',
  'values',
);

describe('of random texts', () => {
  test('none throws, and what stands between the tokens makes no difference', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 25 }),
        fc.array(blank, { minLength: 26, maxLength: 26 }),
        (pieces, blanks) => {
          const plain = pieces.join(' ');
          const decorated = pieces.map((each, index) => blanks[index] + each).join('') + blanks[25];
          const upper = pieces.map((each) => (/^[a-z]/.test(each) ? each.toUpperCase() : each)).join(' ');
          expect(classify(decorated)).toBe(classify(plain));
          if (!plain.includes("e'")) expect(classify(upper)).toBe(classify(plain));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('none is a read with another statement behind it, or a write anywhere in it', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.string({ maxLength: 30 }), (pieces, noise) => {
        const text = `${pieces.join(' ')} ${noise}`;
        expect(classify(text)).toSatisfy((kind: string) => ['read', 'write', 'exclusive'].includes(kind));
        // On a line of its own: the noise may begin a comment, and what stands in one is no statement.
        expect(classify(`${text}\n; delete from items`)).not.toBe('read');
        expect(classify(`with gone as (delete from items) select ${pieces.join(' ')}`)).not.toBe('read');
      }),
      { numRuns: 3_000 },
    );
  });

  test('hostile ones take no longer than others of their length', () => {
    for (const unit of ['(', '/*', "'", '"', '$a', '$$', 'a.', '--', "e'\\", 'with a as (']) {
      const startedAt = performance.now();
      classify(unit.repeat(100_000 / unit.length));
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});

describe('on the server', () => {
  test('a read takes no lock but that of reading, and no number of a transaction', async () => {
    await database.ask(
      'create table items (id serial primary key, name text, price numeric, made timestamptz)',
    );
    const values: Record<string, string> = { $1: '1', $2: "'a'", $3: "'{1}'::int[]" };
    const client = new pg.Client(database.config());
    await client.connect();
    onTestFinished(() => client.end());
    for (const text of reads) {
      await client.query('begin');
      await client.query(text.replace(/\$[123]\b/g, (name) => values[name]!));
      const { rows } = await client.query(
        `select pg_current_xact_id_if_assigned() as xid, array_agg(distinct mode) as locks from pg_locks
         where pid = pg_backend_pid() and locktype <> 'virtualxid'`,
      );
      expect(rows).toEqual([{ xid: null, locks: ['AccessShareLock'] }]);
      await client.query('rollback');
    }
  });

  test('the functions taken for harmless are built in, and none of them is volatile but those that tell the time or chance', async () => {
    const rows = await database.ask(
      `select proname as name, bool_or(provolatile = 'v') as volatile from pg_proc
       where pronamespace = 'pg_catalog'::regnamespace group by proname`,
    );
    const known = new Map(rows.map(({ name, volatile }) => [name as string, volatile as boolean]));
    const volatile = [...harmlessFunctions].filter((name) => known.get(name) === true);
    expect(volatile.sort()).toEqual(
      [
        'clock_timestamp',
        'gen_random_uuid',
        'pg_is_in_recovery',
        'random',
        'timeofday',
        'uuidv4',
        'uuidv7',
      ].filter((name) => known.has(name)),
    );
    const unknown = [...harmlessFunctions].filter((name) => !known.has(name));
    // Those of one version only.
    expect(unknown.length).toBeLessThan(20);
  });
});
