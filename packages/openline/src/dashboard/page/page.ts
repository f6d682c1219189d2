// Runs in the browser: follows the feed and shows it. The token, if one is wanted, is sent once and kept nowhere.
import type { DetailFrame, EventRow, PoolRow, PoolsFrame } from '../frames.ts';
import { DetailView } from './detail.ts';
import { byId, count, make, setText, withoutPool } from './elements.ts';
import { Table } from './known.ts';
import { PoolList } from './pools.ts';
import { Verdict } from './verdict.ts';

const eventsShown = 100;
const retryMs = 2_000;
/** The service's silence is broken every 15 s; a stream that is silent for longer is dead. */
const deadAfterMs = 40_000;

const pools = new Table<PoolRow>();
const events = new Map<number, EventRow>();
const detail = new DetailView();
const list = new PoolList((name) => {
  history.replaceState(null, '', `#${encodeURIComponent(name)}`);
  follow(name);
});
const verdict = new Verdict((name) => list.choose(name));
let source: EventSource | undefined;
/** How far the service's clock is ahead of this one's. */
let ahead = 0;
let heardAt = Date.now();
let retry: ReturnType<typeof setTimeout> | undefined;

const serviceNow = (): number => Date.now() + ahead;

function say(state: 'connecting' | 'live' | 'lost', text: string): void {
  byId('link').dataset['state'] = state;
  setText(byId('link'), text);
}

function follow(name: string): void {
  source?.close();
  clearTimeout(retry);
  // Followed once it is seen.
  if (document.hidden) return;
  const stream = new EventSource(name === '' ? 'feed' : `feed?pool=${encodeURIComponent(name)}`);
  source = stream;
  heardAt = Date.now();
  stream.addEventListener('pools', (event) => takePools(JSON.parse(event.data) as PoolsFrame));
  stream.addEventListener('detail', (event) => takeDetail(JSON.parse(event.data) as DetailFrame));
  stream.addEventListener('error', () => {
    stream.close();
    say('lost', 'no connection, trying again');
    retry = setTimeout(() => void begin(), retryMs);
  });
}

function takePools(frame: PoolsFrame): void {
  heardAt = Date.now();
  ahead = frame.at - heardAt;
  say('live', 'live');
  pools.apply(frame, frame.whole === true);
  if (frame.whole) events.clear();
  for (const event of frame.events ?? []) events.set(event.id, event);
  if (frame.events !== undefined) showEvents();
  if (list.selected === '') list.selected = [...pools.rows.values()][0]?.name ?? '';
  list.show(pools.rows);
  const rows = [...pools.rows.values()];
  byId('no-pools').hidden = rows.length > 0;
  byId('detail').hidden = rows.length === 0;
  const connections = rows.reduce((sum, { slots }) => sum + slots.length, 0);
  const waiting = rows.reduce((sum, row) => sum + row.waiting, 0);
  setText(
    byId('totals'),
    `${count(rows.length)} ${rows.length === 1 ? 'pool' : 'pools'}, ${count(connections)} connections, ${count(waiting)} waiting`,
  );
  showSelected();
}

function takeDetail(frame: DetailFrame): void {
  heardAt = Date.now();
  detail.take(frame);
  const row = pools.rows.get(frame.pool);
  if (row !== undefined && list.selected !== row.name) {
    list.selected = row.name;
    list.mark();
  }
  showSelected();
}

function showSelected(): void {
  const row = pools.rows.get(detail.pool);
  if (row !== undefined) detail.show(row, serviceNow());
  verdict.show(pools.rows, row, serviceNow());
}

function showEvents(): void {
  const latest = [...events.values()].sort((a, b) => b.id - a.id);
  for (const { id } of latest.splice(eventsShown)) events.delete(id);
  byId('events').replaceChildren(
    ...latest.map(({ at, pool, text: message, mood, count: times }) => {
      const text = withoutPool(message);
      const time = make('time', '', new Date(at).toLocaleTimeString('en-GB'));
      return make(
        'li',
        mood,
        time,
        make('b', '', pool),
        make('span', '', times > 1 ? `${count(times)} × ${text}` : text),
      );
    }),
  );
  if (latest.length === 0) byId('events').replaceChildren(make('p', 'hint', 'Nothing has happened yet.'));
}

function askForToken(message: string): void {
  byId('main').hidden = true;
  byId('login').hidden = false;
  say('connecting', 'token wanted');
  setText(byId('login-error'), message);
  byId('token').focus();
}

async function exchange(token: string): Promise<void> {
  const answer = await fetch('session', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  if (answer.ok) await begin();
  else askForToken('That is not the token.');
}

/** Follows the feed, or asks for the token where one is wanted. */
async function begin(): Promise<void> {
  let status = 0;
  try {
    status = (await fetch('session')).status;
  } catch {}
  if (status === 401) return askForToken('');
  if (status !== 200) {
    say('lost', status === 0 ? 'no connection, trying again' : 'refused, trying again');
    retry = setTimeout(() => void begin(), retryMs);
    return;
  }
  byId('login').hidden = true;
  byId('main').hidden = false;
  follow(list.selected);
}

/** Not everything behind a # was encoded by this page. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = byId('token') as HTMLInputElement;
  void exchange(field.value).catch(() => askForToken('The service does not answer.'));
  field.value = '';
});

// Ages go on while nothing changes, and a stream that died without a word is noticed.
setInterval(() => {
  if (document.hidden) return;
  detail.showHolders(serviceNow());
  if (source?.readyState === EventSource.OPEN && Date.now() - heardAt > deadAfterMs) follow(list.selected);
}, 1_000);
// Nobody looks at a page in the background, and the service need not work for it.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) source?.close();
  else if (!byId('main').hidden) follow(list.selected);
});

showEvents();
const linked = decoded(location.hash.slice(1));
if (linked.startsWith('token=')) {
  // A link may carry the token behind the #, which no browser sends: it is taken out of sight and out of the history at once.
  history.replaceState(null, '', location.pathname);
  void exchange(linked.slice('token='.length)).catch(() => askForToken('The service does not answer.'));
} else {
  if (linked !== 'detail') list.selected = linked;
  void begin();
}
