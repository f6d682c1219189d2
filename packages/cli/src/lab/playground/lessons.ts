// What is to be learned from each fault: the page's words for it, and what the user's code would have to change.

/** One fault as the page explains it. Lines of code that begin with `!` are those that matter. */
export interface Lesson {
  /** On its button. */
  readonly title: string;
  /** Below that. */
  readonly subtitle: string;
  /** What the lab does. */
  readonly story: string;
  /** What the change does. */
  readonly moral: string;
  readonly before: string;
  readonly after: string;
}

export type FaultName = 'leak' | 'slow' | 'kill' | 'silent' | 'too-large' | 'spike';

/** In the order of the buttons. */
export const lessons: Readonly<Record<FaultName, Lesson>> = {
  leak: {
    title: 'Leak a connection',
    subtitle: 'an early return skips release()',
    story:
      'Several times a second a function acquires a connection, and returns early without giving it back. Two are left, so that hardly anybody waits yet.',
    moral:
      'pool.use() and pool.transaction() give it back however the function ends; a larger pool would only run dry later.',
    before: `const client = await pool.connect();
const { rows } = await client.query(stock);
!if (rows[0].left === 0) return false;
await client.query(reserve);
client.release();`,
    after: `!return pool.transaction(async (client) => {
  const { rows } = await client.query(stock);
  if (rows[0].left === 0) return false;
  await client.query(reserve);
  return true;
!});`,
  },
  slow: {
    title: 'Slow the queries',
    subtitle: 'an index is gone: 30 ms become 450',
    story: 'The same query takes fifteen times as long on the server, as after a plan has changed.',
    moral:
      'The time goes to the server, so that is where to look; a limit keeps one slow statement from taking the whole pool.',
    before: `!await pool.query(
  'select * from baskets where lower(mail) = $1',
  [mail],
);`,
    after: `!// create index on baskets (lower(mail))
await pool.query({
  text: 'select * from baskets where lower(mail) = $1',
  values: [mail],
!  statementTimeoutMs: 200,
});`,
  },
  kill: {
    title: 'Kill the database',
    subtitle: 'every process of it, at once',
    story: 'PostgreSQL is killed without warning, and started again later.',
    moral:
      'The pool comes back by itself, one attempt at a time. Give waiting an end, and let callers come again.',
    before: `const pool = new Pool({ connectionString });

!const { rows } = await pool.query(basket, [id]);
!response.json(rows); // or half a minute of nothing`,
    after: `const pool = new Pool({
  connectionString,
!  acquireTimeoutMs: 3_000,
});

!const found = await pool.query(basket, [id]).catch(() => null);
!if (found) response.json(found.rows);
!else response.status(503).set('retry-after', '5').end();`,
  },
  silent: {
    title: 'Make the network silent',
    subtitle: 'no bytes, no errors, nothing',
    story: 'A proxy before the database keeps every byte to itself: sockets stay open, and nobody answers.',
    moral:
      'Silence is no error to a socket: only a time limit ends it. Openline has them all by default; shorter ones tell sooner.',
    before: `!import { Pool } from 'pg'; // waits for ever

const pool = new Pool({ connectionString });`,
    after: `!import { Pool } from 'openline/pg';

const pool = new Pool({
  connectionString,
!  connectTimeoutMs: 1_500,
!  readTimeoutMs: 1_000,
});`,
  },
  'too-large': {
    title: 'Too large a pool',
    subtitle: 'max 60, and the database takes 24',
    story:
      'In a busy hour somebody raises max above what the database takes in all; it refuses the rest, those of its other clients too.',
    moral:
      'All pools of all processes share the server’s max_connections: leave some for others. Shorter use serves more than a larger pool.',
    before: `!const pool = new Pool({ connectionString, max: 60 });`,
    after: `// max_connections 24, less 4 for others, in 2 processes
!const pool = new Pool({ connectionString, max: 10 });`,
  },
  spike: {
    title: 'A traffic spike',
    subtitle: '160 callers at the same moment',
    story:
      'Every four seconds 160 callers come at once, as after a push message or a timer on the full minute; between, few.',
    moral:
      'On the average the pool is large enough: spread what begins all at once, and refuse early what would wait too long.',
    before: `!setInterval(() => {
!  for (const shop of shops) void refresh(shop);
}, 60_000);`,
    after: `for (const shop of shops) {
!  const first = Math.random() * 60_000;
!  setTimeout(() => setInterval(refresh, 60_000, shop), first);
}`,
  },
};

/** Is it the name of a fault? */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(lessons, name);
}
