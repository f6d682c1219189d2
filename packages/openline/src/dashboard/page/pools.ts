// The list of pools: a row of slots each, by mouse and by keyboard. Only those in sight are drawn, since there may be hundreds.
import type { PoolRow } from '../frames.ts';
import { byId, count, make, setText } from './elements.ts';
import { fillSlots, isLimited, leasedIn } from './slots.ts';

/** A list this long gets a filter. */
const manyPools = 12;

interface Tile {
  readonly id: number;
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly figures: HTMLElement;
  readonly slots: HTMLElement;
  readonly cause: HTMLElement;
  row: PoolRow;
  /** The row that is drawn; nothing while it is out of sight. */
  drawn: PoolRow | undefined;
  isInSight: boolean;
}

/** The tiles, and which of them is selected. */
export class PoolList {
  readonly #tiles = new Map<number, Tile>();
  readonly #byElement = new Map<Element, Tile>();
  readonly #list = byId('pools');
  readonly #filter = byId('filter') as HTMLInputElement;
  readonly #onlyTroubled = byId('troubled') as HTMLInputElement;
  readonly #select: (name: string) => void;
  readonly #sight: IntersectionObserver;
  selected = '';

  constructor(select: (name: string) => void) {
    this.#select = select;
    // Those a little above and below are drawn too, so that scrolling shows no gaps.
    this.#sight = new IntersectionObserver((entries) => this.#cameOrWent(entries), {
      root: this.#list,
      rootMargin: '300px 0px',
    });
    this.#list.addEventListener('click', (event) => {
      const tile = this.#byElement.get((event.target as HTMLElement).closest('.pool')!);
      if (tile !== undefined) this.choose(tile.row.name);
    });
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#filter.addEventListener('input', () => this.#applyFilter());
    this.#filter.addEventListener('keydown', (event) => this.#filterKey(event));
    this.#onlyTroubled.addEventListener('change', () => this.#applyFilter());
    document.addEventListener('keydown', (event) => {
      const isTyping = (event.target as HTMLElement).matches('input:not([type=checkbox])');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || byId('tools').hidden) return;
      event.preventDefault();
      this.#filter.focus();
    });
  }

  show(rows: ReadonlyMap<number, PoolRow>): void {
    for (const tile of this.#tiles.values()) if (!rows.has(tile.id)) this.#remove(tile);
    for (const row of rows.values()) {
      const tile = this.#tiles.get(row.id) ?? this.#add(row);
      tile.row = row;
      if (tile.isInSight) this.#draw(tile);
    }
    byId('tools').hidden = rows.size < manyPools;
    this.mark();
    this.#applyFilter();
  }

  /** Shows which one is selected. */
  mark(): void {
    for (const { element, row } of this.#tiles.values()) {
      const isSelected = row.name === this.selected;
      if ((element.getAttribute('aria-selected') === 'true') !== isSelected)
        element.setAttribute('aria-selected', String(isSelected));
      if (isSelected) this.#list.setAttribute('aria-activedescendant', element.id);
    }
  }

  /** Selects the pool of this name, and brings it into sight. */
  choose(name: string): void {
    // Following the same pool anew would lose what its charts show.
    if (name !== this.selected) {
      this.selected = name;
      this.mark();
      this.#select(name);
    }
    for (const { element, row } of this.#tiles.values())
      if (row.name === name) element.scrollIntoView({ block: 'nearest' });
  }

  #add(row: PoolRow): Tile {
    const [name, figures] = [make('b', '', row.name), make('span')];
    const slots = make('ul', 'slots');
    const cause = make('p', 'cause');
    const element = make('div', 'pool', make('p', '', name, figures), make('div', '', slots, cause));
    element.id = `pool-${row.id}`;
    element.title = row.name;
    element.setAttribute('role', 'option');
    slots.setAttribute('aria-hidden', 'true');
    const tile = {
      id: row.id,
      element,
      name,
      figures,
      slots,
      cause,
      row,
      drawn: undefined,
      isInSight: false,
    };
    this.#tiles.set(row.id, tile);
    this.#byElement.set(element, tile);
    this.#list.append(element);
    this.#sight.observe(element);
    return tile;
  }

  #remove({ id, element }: Tile): void {
    this.#sight.unobserve(element);
    element.remove();
    this.#tiles.delete(id);
    this.#byElement.delete(element);
  }

  #cameOrWent(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#byElement.get(target);
      if (tile === undefined) continue;
      tile.isInSight = isIntersecting;
      if (isIntersecting) this.#draw(tile);
      else {
        // Its height stays: name and cause do.
        tile.slots.replaceChildren();
        tile.drawn = undefined;
      }
    }
  }

  #draw(tile: Tile): void {
    const { row, drawn } = tile;
    if (drawn === row) return;
    tile.drawn = row;
    if (tile.name.textContent !== row.name) {
      setText(tile.name, row.name);
      tile.element.title = row.name;
    }
    const isBad = isTroubled(row);
    const isWaited = row.waiting > 0;
    setText(tile.figures, isWaited ? `${count(row.waiting)} waiting` : leasedInWords(row));
    tile.figures.className = isBad && isWaited ? 'waits' : '';
    tile.element.classList.toggle('bad', isBad);
    setText(tile.cause, causeIn(row));
    if (drawn?.slots !== row.slots || drawn.max !== row.max) fillSlots(tile.slots, row);
  }

  #shown(): Tile[] {
    return [...this.#tiles.values()].filter(({ element }) => !element.hidden);
  }

  #key(event: KeyboardEvent): void {
    const shown = this.#shown();
    const at = shown.findIndex(({ row }) => row.name === this.selected);
    const to: Record<string, number> = {
      ArrowDown: at + this.#columns(),
      ArrowRight: at + 1,
      ArrowUp: at - this.#columns(),
      ArrowLeft: at - 1,
      PageDown: at + 5 * this.#columns(),
      PageUp: at - 5 * this.#columns(),
      Home: 0,
      End: shown.length - 1,
    };
    if (event.key === 'Enter') byId('detail').focus();
    if (event.key === 'Escape') this.#showAll();
    const target = shown[Math.min(Math.max(to[event.key] ?? Number.NaN, 0), shown.length - 1)];
    if (target === undefined) return;
    event.preventDefault();
    this.choose(target.row.name);
  }

  /** From the filter the arrow goes to what was found, and Escape shows all again. */
  #filterKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#showAll();
    const [first] = this.#shown();
    if (first === undefined || (event.key !== 'ArrowDown' && event.key !== 'Enter')) return;
    event.preventDefault();
    this.#list.focus();
    if (!this.#shown().some(({ row }) => row.name === this.selected)) this.choose(first.row.name);
  }

  #showAll(): void {
    this.#filter.value = '';
    this.#applyFilter();
  }

  /** How many tiles stand side by side. */
  #columns(): number {
    return getComputedStyle(this.#list).gridTemplateColumns.split(' ').length;
  }

  #applyFilter(): void {
    const wanted = this.#filter.value.trim().toLowerCase();
    const onlyTroubled = this.#onlyTroubled.checked;
    let hidden = 0;
    let troubled = 0;
    for (const { element, row } of this.#tiles.values()) {
      const isBad = isTroubled(row);
      if (isBad) troubled++;
      const isHidden = (onlyTroubled && !isBad) || !row.name.toLowerCase().includes(wanted);
      if (element.hidden !== isHidden) element.hidden = isHidden;
      if (isHidden) hidden++;
    }
    setText(byId('troubled-count'), troubled === 0 ? '' : String(troubled));
    const all = this.#tiles.size;
    setText(
      byId('more'),
      hidden === 0
        ? ''
        : onlyTroubled && troubled === 0
          ? 'No pool is in trouble.'
          : `${hidden} of ${all} pools do not match.`,
    );
  }
}

/** Is something wrong with this pool? Those who wait for a moment are nothing by themselves: the diagnosis has the last word. */
export const isTroubled = ({ outage, waiting, diagnosis }: PoolRow): boolean =>
  outage !== '' || (diagnosis === null ? waiting > 0 : diagnosis.mood !== 'good');

/** A pool without a limit has nothing to be measured by. */
function leasedInWords(row: PoolRow): string {
  const leased = count(leasedIn(row));
  return isLimited(row) ? `${leased} of ${count(row.max)} leased` : `${leased} leased`;
}

function causeIn(row: PoolRow): string {
  if (!isTroubled(row)) return '';
  return row.diagnosis?.title ?? (row.outage === '' ? '' : 'No connection can be opened');
}
