// Runs in the browser: asks for the pools twice a second and shows them. Nothing from the answer is ever read as HTML.
import type { PoolView, PoolViews, TimesView } from './pool-view.ts';

/** As much of the browser as is used here: the library's types for it would be seen by the whole package. */
interface PageElement {
  className: string;
  textContent: string | null;
  title: string;
  append(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
}
declare const document: {
  readonly hidden: boolean;
  createElement(name: string): PageElement;
  getElementById(id: string): PageElement | null;
};

const pollMs = 500;
const byId = (id: string): PageElement => document.getElementById(id)!;

function element(name: string, text = '', className = ''): PageElement {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function row(...cells: (string | PageElement)[]): PageElement {
  const made = element('tr');
  made.append(...cells.map((cell) => (typeof cell === 'string' ? element('td', cell) : cell)));
  return made;
}

const count = (value: number): string => value.toLocaleString('en');

function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

/** Four colours are enough: what the pool does to a connection on its own account is one. */
const colours: Partial<Record<string, string>> = {
  validating: 'opening',
  resetting: 'opening',
  detached: 'leased',
};

function slots({ stats, connections }: PoolView): PageElement[] {
  const open = connections.map((connection) => {
    const slot = element('li', '', colours[connection.state] ?? connection.state);
    slot.append(element('b', `${connection.id}`), element('span', connection.state));
    slot.title = `open for ${duration(connection.ageMs)}, ${count(connection.uses)} leases`;
    return slot;
  });
  const missing = Math.max(0, Math.min(stats.max, 200) - open.length);
  return [...open, ...Array.from({ length: missing }, () => element('li'))];
}

function counts({ stats }: PoolView, perSecond: number): PageElement[] {
  const figures = {
    leased: stats.leased,
    idle: stats.idle,
    waiting: stats.waiting,
    'leases/s': Math.round(perSecond),
    leases: stats.totals.acquired,
    opened: stats.totals.opened,
  };
  return Object.entries(figures).map(([name, value]) => {
    const pair = element('div');
    pair.append(element('dt', name), element('dd', count(value)));
    return pair;
  });
}

const timesRow = (name: string, times: TimesView): PageElement =>
  row(name, count(times.count), ...[times.meanMs, times.p50Ms, times.p99Ms, times.maxMs].map(duration));

/** As many polls as make five seconds: over one alone the rate would jump. */
const rateOver = 10;

/** Counts up to now, and how fast they grow. */
class Rate {
  readonly #polls: { at: number; total: number }[] = [];

  perSecond(total: number): number {
    const now = { at: Date.now(), total };
    this.#polls.push(now);
    if (this.#polls.length > rateOver + 1) this.#polls.shift();
    const first = this.#polls[0] ?? now;
    return now.at > first.at ? ((total - first.total) * 1000) / (now.at - first.at) : 0;
  }
}

function holderRows(views: PoolView[]): PageElement[] {
  const rows = views.flatMap(({ stats, holders }) =>
    holders.map(({ connectionId, ageMs, place }) =>
      row(
        `${poolWord(stats.name)} ${connectionId}`,
        duration(ageMs),
        element('td', place ?? 'not recorded', 'text'),
      ),
    ),
  );
  return rows.length > 0 ? rows : [row('none', '', '')];
}

/** A pool of connections to one origin has that origin in its name. */
const poolWord = (name: string): string => name.split(' ', 1)[0] ?? name;

function showPool(key: string, view: PoolView, rate: Rate): void {
  const { totals } = view.stats;
  byId(`${key}-slots`).replaceChildren(...slots(view));
  byId(`${key}-counts`).replaceChildren(...counts(view, rate.perSecond(totals.acquired)));
  byId(`${key}-times`).replaceChildren(
    timesRow('wait', view.wait),
    timesRow('use', view.use),
    timesRow('opening', view.connect),
  );
  const phases = Object.entries(view.connectPhases).map(([name, ms]) => `${name} ${duration(ms)}`);
  byId(`${key}-phases`).textContent =
    phases.length > 0 ? `Opening one, on average: ${phases.join(', ')}.` : '';
}

const rates = { database: new Rate(), prices: new Rate() };

function show({ database, prices }: PoolViews): void {
  showPool('database', database, rates.database);
  if (prices) showPool('prices', prices, rates.prices);
  byId('holders').replaceChildren(...holderRows(prices ? [database, prices] : [database]));
  const outages = [outageOf('Database', database), outageOf('Price service', prices)].filter(
    (text) => text !== undefined,
  );
  say(outages.length > 0 ? outages.join('; ') : database.stats.state, outages.length > 0);
}

function outageOf(party: string, view: PoolView | undefined): string | undefined {
  const outage = view?.outage;
  if (!outage) return undefined;
  return `${party} unreachable for ${duration(outage.ageMs)}, ${outage.attempts} attempts: ${outage.message}`;
}

function say(text: string, isAlarm: boolean): void {
  const status = byId('status');
  // Untouched while it says the same, so that a screen reader does not say it twice a second.
  if (status.textContent !== text) status.textContent = text;
  status.className = isAlarm ? 'alarm' : '';
}

async function poll(): Promise<void> {
  if (document.hidden) return;
  try {
    const answer = await fetch('/pools.json', { signal: AbortSignal.timeout(5_000) });
    show((await answer.json()) as PoolViews);
  } catch {
    say('The lab does not answer: has it been stopped?', true);
  }
}

for (;;) {
  await poll();
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}
