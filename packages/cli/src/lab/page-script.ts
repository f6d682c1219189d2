// Runs in the browser: asks for the pool twice a second and shows it. Nothing from the answer is ever read as HTML.
import type { PoolView, TimesView } from './pool-view.ts';

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
    'leases per second': Math.round(perSecond),
    'leases in all': stats.totals.acquired,
    'connections opened in all': stats.totals.opened,
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
const polls: { at: number; acquired: number }[] = [];

function leasesPerSecond(acquired: number): number {
  const now = { at: Date.now(), acquired };
  polls.push(now);
  if (polls.length > rateOver + 1) polls.shift();
  const first = polls[0] ?? now;
  return now.at > first.at ? ((acquired - first.acquired) * 1000) / (now.at - first.at) : 0;
}

function holderRows({ holders }: PoolView): PageElement[] {
  if (holders.length === 0) return [row('none', '', '')];
  return holders.map(({ connectionId, ageMs, place }) =>
    row(`${connectionId}`, duration(ageMs), element('td', place ?? 'not recorded', 'text')),
  );
}

function show(view: PoolView): void {
  const { stats, outage } = view;
  byId('name').textContent = stats.name;
  byId('slots').replaceChildren(...slots(view));
  byId('counts').replaceChildren(...counts(view, leasesPerSecond(stats.totals.acquired)));
  byId('times').replaceChildren(
    timesRow('wait for a connection', view.wait),
    timesRow('use of it', view.use),
    timesRow('opening one', view.connect),
  );
  const phases = Object.entries(view.connectPhases).map(([name, ms]) => `${name} ${duration(ms)}`);
  byId('phases').textContent = phases.length > 0 ? `Opening one, on average: ${phases.join(', ')}.` : '';
  byId('holders').replaceChildren(...holderRows(view));
  if (outage) {
    say(
      `Database unreachable for ${duration(outage.ageMs)}, ${outage.attempts} attempts: ${outage.message}`,
      true,
    );
  } else say(stats.state, false);
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
    const answer = await fetch('/pool.json', { signal: AbortSignal.timeout(5_000) });
    show((await answer.json()) as PoolView);
  } catch {
    say('The lab does not answer: has it been stopped?', true);
  }
}

for (;;) {
  await poll();
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}
