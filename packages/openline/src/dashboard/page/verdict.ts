// What is the matter, on top of all: the diagnosis of the pool that is worst off, else what the counts say.
import type { FindingRow, PoolRow } from '../frames.ts';
import { byId, duration, make, setText, withoutPool } from './elements.ts';
import { isTroubled } from './pools.ts';
import { isLimited, leasedIn } from './slots.ts';

/** Shows it. `look` is called with the name of the pool when the reader wants to see it. */
export class Verdict {
  #worst = '';

  constructor(look: (name: string) => void) {
    byId('worst').addEventListener('click', () => look(this.#worst));
  }

  show(rows: ReadonlyMap<number, PoolRow>, selected: PoolRow | undefined, now: number): void {
    const troubled = [...rows.values()].filter(isTroubled).sort((a, b) => weight(b) - weight(a));
    const [worst] = troubled;
    const others = troubled.length - 1;
    const finding = worst === undefined ? calm(rows, selected) : findingOf(worst, now);
    const isElsewhere = worst !== undefined && worst !== selected;
    this.#worst = worst?.name ?? '';
    const verdict = byId('verdict');
    verdict.dataset['mood'] = finding.mood;
    setText(byId('whose'), worst === undefined ? '' : worst.name);
    showFinding(byId('finding'), finding);
    byId('worst').hidden = !isElsewhere;
    setText(
      byId('others'),
      others > 0 ? `${others} more ${others === 1 ? 'pool needs' : 'pools need'} a look.` : '',
    );
    // The pool that is looked at has its own beside its name, unless it stands on top already.
    const own = byId('own');
    own.hidden =
      selected === undefined || !isElsewhere || !(isTroubled(selected) || selected.diagnosis !== null);
    if (!own.hidden && selected !== undefined) {
      const its = findingOf(selected, now);
      own.dataset['mood'] = its.mood;
      showFinding(own, its);
    }
  }
}

/** The worst first: nobody served, a cause that is known, many that wait. */
const weight = ({ outage, waiting, diagnosis }: PoolRow): number =>
  (outage === '' ? 0 : 1e9) + (diagnosis?.mood === 'bad' ? 1e6 : 0) + waiting;

function calm(rows: ReadonlyMap<number, PoolRow>, selected: PoolRow | undefined): FindingRow {
  const someWait = [...rows.values()].some(({ waiting }) => waiting > 0);
  const title =
    rows.size === 0
      ? 'No pool has been used yet'
      : someWait
        ? 'Nothing is wrong'
        : rows.size === 1
          ? 'The pool serves everyone at once'
          : `All ${rows.size} pools serve everyone at once`;
  const its = selected?.diagnosis;
  const evidence = its?.evidence.map((clause) => (rows.size === 1 ? clause : `${selected!.name}: ${clause}`));
  return { mood: 'good', title, evidence: evidence ?? [], advice: its?.advice ?? '', others: [] };
}

/** The diagnosis, or what the counts say while there is none. */
function findingOf(row: PoolRow, now: number): FindingRow {
  if (row.diagnosis !== null && (row.diagnosis.mood !== 'good' || row.outage === '')) return row.diagnosis;
  return { mood: 'bad', title: inWords(row), evidence: measured(row, now), advice: '', others: [] };
}

function inWords({ outage, waiting }: PoolRow): string {
  if (outage !== '') return 'No connection can be opened';
  return waiting === 1 ? '1 caller waits' : `${waiting} callers wait`;
}

function measured(row: PoolRow, now: number): string[] {
  const { outage, outageSince, max } = row;
  if (outage !== '') return [`for ${duration(Math.max(0, now - outageSince))}`, withoutPool(outage)];
  const leased = leasedIn(row);
  if (!isLimited(row)) return [leased === 1 ? '1 connection is leased' : `${leased} connections are leased`];
  return leased >= max
    ? [`all ${max} connections are leased`]
    : [`${leased} of ${max} connections are leased`];
}

/** Untouched where it says the same: only a new cause is news to a screen reader. */
function showFinding(place: HTMLElement, { title, evidence, advice, others, mood }: FindingRow): void {
  setText(place.querySelector<HTMLElement>('.title')!, title);
  setItems(place.querySelector<HTMLElement>('.evidence')!, evidence);
  setText(place.querySelector<HTMLElement>('.advice')!, advice);
  const also = place.querySelector<HTMLElement>('.also')!;
  const told = JSON.stringify(others);
  if (also.dataset['told'] === told) return;
  also.dataset['told'] = told;
  const lead = mood === 'unsure' ? 'Perhaps' : 'Besides';
  also.replaceChildren(
    ...others.map((other) =>
      make(
        'li',
        '',
        make('b', '', `${lead}: ${lower(other.title)}`),
        make('span', '', other.evidence.join('; ')),
        make('span', 'do', other.advice),
      ),
    ),
  );
}

function setItems(list: HTMLElement, texts: readonly string[]): void {
  while (list.children.length > texts.length) list.lastChild!.remove();
  while (list.children.length < texts.length) list.append(make('li'));
  texts.forEach((text, index) => {
    setText(list.children[index] as HTMLElement, text);
  });
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
