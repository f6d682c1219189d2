// The selected pool: its connections, figures, holders, and how its last opens spent their time.
import {
  type ConnectionRow,
  type DetailFrame,
  type HolderRow,
  type OpenRow,
  type PoolRow,
  slotLetters,
} from '../frames.ts';
import { Charts } from './charts.ts';
import { byId, count, duration, make, setText } from './elements.ts';
import { Table } from './known.ts';
import { isTroubled } from './pools.ts';
import { isLimited } from './slots.ts';

const slotsShown = 120;
const opensShown = 12;
/** Older leases stand out. */
const oldLeaseMs = 5_000;
const whoseTime: Readonly<Record<HolderRow['whose'], string>> = {
  server: 'the server',
  caller: 'the caller',
  nobody: 'lost',
  '': '',
};
/** Colours there are for phases. */
const phaseColours = 6;
const rateOverMs = 3_000;

/** What is shown of the selected pool. */
export class DetailView {
  readonly #charts = new Charts();
  readonly #connections = new Table<ConnectionRow>();
  readonly #slots = new Map<number, HTMLElement>();
  #holders: readonly HolderRow[] = [];
  #opens: OpenRow[] = [];
  #acquired: { readonly at: number; readonly total: number }[] = [];
  /** The pool of the last frame. */
  pool = 0;

  take(frame: DetailFrame): void {
    const isWhole = frame.whole === true;
    if (isWhole) {
      this.#opens = [];
      this.#acquired = [];
      this.#slots.clear();
      byId('slots').replaceChildren();
    }
    this.pool = frame.pool;
    this.#charts.add(frame.times, isWhole);
    this.#connections.apply(frame.connections ?? {}, isWhole);
    if (frame.holders !== undefined) this.#holders = frame.holders;
    if (isWhole || frame.opens !== undefined) {
      this.#opens = [...this.#opens, ...(frame.opens ?? [])].slice(-opensShown);
      this.#showOpens();
    }
  }

  /** Shows the pool with what was taken in last. `now` is the service's time. */
  show(row: PoolRow, now: number): void {
    setText(byId('name'), row.name);
    setText(
      byId('state'),
      row.outage === '' ? row.state : `unreachable for ${duration(Math.max(0, now - row.outageSince))}`,
    );
    this.#showSlots(row, now);
    this.#showCounts(row, now);
    this.showHolders(now);
  }

  #showSlots(row: PoolRow, now: number): void {
    const list = byId('slots');
    const rows = [...this.#connections.rows.values()].slice(0, slotsShown);
    const known = new Set(rows.map(({ id }) => id));
    for (const [id, element] of this.#slots) {
      if (known.has(id)) continue;
      element.remove();
      this.#slots.delete(id);
    }
    for (const { id, state, since, uses, leases, condemned } of rows) {
      let slot = this.#slots.get(id);
      if (slot === undefined) {
        slot = make('li', '', make('b', '', `${id}`), make('span'));
        this.#slots.set(id, slot);
        list.insertBefore(slot, list.querySelector('.free'));
      }
      const className = slotLetters[state] ?? '';
      if (slot.className !== className) slot.className = className;
      setText(slot.lastChild as HTMLElement, leases > 1 ? `${leases} leases` : state);
      slot.title = `${state}, open for ${duration(Math.max(0, now - since))}, ${count(uses)} leases${condemned === '' ? '' : `, will close: ${condemned}`}`;
    }
    const free = Math.max(0, (isLimited(row) ? Math.min(row.max, slotsShown) : 0) - rows.length);
    const shown = list.querySelectorAll('.free');
    for (let index = free; index < shown.length; index++) shown[index]!.remove();
    for (let index = shown.length; index < free; index++) list.append(make('li', 'free'));
  }

  #showCounts(row: PoolRow, now: number): void {
    this.#acquired.push({ at: now, total: row.acquired });
    while (this.#acquired.length > 2 && now - this.#acquired[0]!.at > rateOverMs) this.#acquired.shift();
    const { at, total } = this.#acquired[0]!;
    const rate = now > at ? ((row.acquired - total) * 1_000) / (now - at) : 0;
    const figures: [name: string, value: string, isBad: boolean][] = [
      [
        'connections',
        isLimited(row) ? `${row.slots.length} of ${count(row.max)}` : count(row.slots.length),
        false,
      ],
      ['waiting', count(row.waiting), row.waiting > 0 && isTroubled(row)],
      ['leases/s', count(Math.round(rate)), false],
      ['leases', count(row.acquired), false],
      ['opened', count(row.opened), false],
      ['opens failed', count(row.openFailed), row.openFailed > 0],
      ['timed out', count(row.timedOut), row.timedOut > 0],
      ['refused', count(row.refused), row.refused > 0],
    ];
    const list = byId('counts');
    figures.forEach(([name, value, isBad], index) => {
      const pair =
        list.children[index] ?? list.appendChild(make('div', '', make('dt', '', name), make('dd')));
      const shown = pair.lastChild as HTMLElement;
      setText(shown, value);
      shown.className = isBad ? 'bad' : value === '0' ? 'none' : '';
    });
  }

  /** Cell by cell, so that a place can be marked and copied while ages go on. */
  showHolders(now: number): void {
    const [head, body] = byId('holders').children as unknown as [HTMLElement, HTMLElement];
    const knowsWhose = this.#holders.some((holder) => holder.whose !== '');
    head.classList.toggle('whose', knowsWhose);
    body.classList.toggle('whose', knowsWhose);
    byId('holders').hidden = this.#holders.length === 0;
    byId('no-holders').hidden = this.#holders.length > 0;
    while (body.children.length > this.#holders.length) body.lastChild!.remove();
    while (body.children.length < this.#holders.length)
      body.append(
        make('tr', '', make('td'), make('td'), make('td'), make('td', '', make('span'), make('code'))),
      );
    this.#holders.forEach(({ connectionId, since, mode, place, whose, request }, index) => {
      const ageMs = Math.max(0, now - since);
      const cells = body.children[index]!.children as unknown as HTMLElement[];
      setText(cells[0]!, `${connectionId}${mode === 'shared' ? ' shared' : ''}`);
      setText(cells[1]!, duration(ageMs));
      cells[1]!.className = ageMs > oldLeaseMs ? 'old' : '';
      setText(cells[2]!, whoseTime[whose]);
      cells[2]!.className = whose === 'nobody' ? 'old' : '';
      const [where, what] = cells[3]!.children as unknown as [HTMLElement, HTMLElement];
      setText(where, place === '' ? 'not recorded' : place);
      where.className = place === '' ? 'none' : '';
      setText(what, request);
    });
  }

  #showOpens(): void {
    const names = [...new Set(this.#opens.flatMap(({ phases }) => phases.map(({ name }) => name)))];
    const classOf = (name: string): string => `p${Math.min(names.indexOf(name), phaseColours - 1)}`;
    const longest = Math.max(...this.#opens.map(({ tookMs }) => tookMs), Number.MIN_VALUE);
    const rows = this.#opens.toReversed().map(({ connectionId, tookMs, phases, failure }) => {
      const bars = (phases.length > 0 ? phases : [{ name: 'open', tookMs }]).map((phase) => {
        const bar = make('i', classOf(phase.name) === 'p-1' ? 'p0' : classOf(phase.name));
        bar.style.width = `${(100 * phase.tookMs) / longest}%`;
        bar.title = `${phase.name} ${duration(phase.tookMs)}`;
        return bar;
      });
      const row = make(
        'div',
        failure === '' ? 'open' : 'open failed',
        `#${connectionId}`,
        make('div', 'bar', ...bars),
        make('span', '', failure === '' ? duration(tookMs) : '✕ failed'),
      );
      row.title =
        failure === '' ? phases.map(({ name, tookMs: ms }) => `${name} ${duration(ms)}`).join(', ') : failure;
      return row;
    });
    const legend = make(
      'div',
      'phases',
      ...names.map((name) => make('span', '', make('i', classOf(name)), name)),
    );
    byId('opens').replaceChildren(
      ...(rows.length > 0 ? [legend, ...rows] : [make('p', 'hint', 'None since the dashboard was made.')]),
    );
  }
}
