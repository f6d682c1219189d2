// The list of pools: a row of slots each, by mouse and by keyboard.
import type { PoolRow } from '../frames.ts';
import { byId, make, setText } from './elements.ts';

const slotsInRow = 60;
/** A list this long gets a filter. */
const manyPools = 12;

interface Tile {
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly figures: HTMLElement;
  readonly slots: HTMLElement;
  readonly cause: HTMLElement;
  row: PoolRow | undefined;
}

/** The tiles, and which of them is selected. */
export class PoolList {
  readonly #tiles = new Map<number, Tile>();
  readonly #list = byId('pools');
  readonly #filter = byId('filter') as HTMLInputElement;
  readonly #select: (name: string) => void;
  selected = '';

  constructor(select: (name: string) => void) {
    this.#select = select;
    this.#list.addEventListener('click', (event) => {
      const tile = (event.target as HTMLElement).closest<HTMLElement>('.pool');
      if (tile !== null) this.#chooseTile(tile);
    });
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#filter.addEventListener('input', () => this.#applyFilter());
  }

  show(rows: ReadonlyMap<number, PoolRow>): void {
    for (const [id, tile] of this.#tiles) {
      if (rows.has(id)) continue;
      tile.element.remove();
      this.#tiles.delete(id);
    }
    for (const row of rows.values()) {
      const tile = this.#tiles.get(row.id) ?? this.#add(row.id);
      if (tile.row !== row) this.#update(tile, row);
    }
    this.#filter.hidden = rows.size < manyPools;
    this.mark();
    this.#applyFilter();
  }

  /** Shows which one is selected. */
  mark(): void {
    for (const { element, row } of this.#tiles.values()) {
      const isSelected = row?.name === this.selected;
      if ((element.getAttribute('aria-selected') === 'true') !== isSelected)
        element.setAttribute('aria-selected', String(isSelected));
      if (isSelected) this.#list.setAttribute('aria-activedescendant', element.id);
    }
  }

  #add(id: number): Tile {
    const [name, figures] = [make('b'), make('span')];
    const slots = make('ul', 'slots');
    const cause = make('p', 'cause');
    const element = make('div', 'pool', make('p', '', name, figures), slots, cause);
    element.id = `pool-${id}`;
    element.setAttribute('role', 'option');
    slots.setAttribute('aria-hidden', 'true');
    const tile: Tile = { element, name, figures, slots, cause, row: undefined };
    this.#tiles.set(id, tile);
    this.#list.append(element);
    return tile;
  }

  #update(tile: Tile, row: PoolRow): void {
    setText(tile.name, row.name);
    tile.element.title = row.name;
    const leased = [...row.slots].filter((letter) => /[ld]/i.test(letter)).length;
    setText(
      tile.figures,
      row.waiting > 0 ? `${row.waiting} waiting` : `${leased} of ${row.slots.length} leased`,
    );
    const isBad = isTroubled(row);
    tile.figures.className = isBad && row.waiting > 0 ? 'waits' : '';
    tile.element.classList.toggle('bad', isBad);
    setText(
      tile.cause,
      isBad ? (row.diagnosis?.title ?? (row.outage === '' ? '' : 'No connection can be opened')) : '',
    );
    if (tile.row?.slots !== row.slots || tile.row.max !== row.max) fillSlots(tile.slots, row);
    tile.row = row;
  }

  #key(event: KeyboardEvent): void {
    const shown = [...this.#list.children].filter((tile) => !(tile as HTMLElement).hidden) as HTMLElement[];
    const at = shown.findIndex((tile) => tile.getAttribute('aria-selected') === 'true');
    const to: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: shown.length - 1,
    };
    if (event.key === 'Enter') byId('detail').focus();
    const target = shown[Math.min(Math.max(to[event.key] ?? Number.NaN, 0), shown.length - 1)];
    if (target === undefined) return;
    event.preventDefault();
    this.#chooseTile(target);
  }

  /** Selects the pool of this name, and brings it into sight. */
  choose(name: string): void {
    this.selected = name;
    this.mark();
    this.#select(name);
    for (const { element, row } of this.#tiles.values())
      if (row?.name === name) element.scrollIntoView({ block: 'nearest' });
  }

  #chooseTile(element: HTMLElement): void {
    const tile = [...this.#tiles.values()].find((one) => one.element === element);
    if (tile?.row !== undefined) this.choose(tile.row.name);
  }

  #applyFilter(): void {
    const wanted = this.#filter.value.toLowerCase();
    let hidden = 0;
    for (const { element, row } of this.#tiles.values()) {
      element.hidden = wanted !== '' && row?.name.toLowerCase().includes(wanted) !== true;
      if (element.hidden) hidden++;
    }
    setText(byId('more'), hidden > 0 ? `${hidden} pools do not match.` : '');
  }
}

/** Is something wrong with this pool? Those who wait for a moment are nothing by themselves: the diagnosis has the last word. */
export const isTroubled = ({ outage, waiting, diagnosis }: PoolRow): boolean =>
  outage !== '' || (diagnosis === null ? waiting > 0 : diagnosis.mood !== 'good');

function fillSlots(list: HTMLElement, { slots, max }: PoolRow): void {
  const shown = slots.slice(0, slotsInRow);
  const wanted = [
    ...shown.toLowerCase(),
    ...Array(Math.max(0, Math.min(max, slotsInRow) - shown.length)).fill('free'),
  ];
  while (list.children.length > wanted.length) list.lastChild!.remove();
  while (list.children.length < wanted.length) list.append(make('li'));
  wanted.forEach((className, index) => {
    const slot = list.children[index]!;
    if (slot.className !== className) slot.className = className;
    if (slot.textContent !== '') slot.textContent = '';
  });
  if (slots.length > slotsInRow) list.append(make('li', 'more', `+${slots.length - slotsInRow}`));
}
