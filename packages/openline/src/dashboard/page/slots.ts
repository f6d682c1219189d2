// The slots of a pool in one line: a box for each connection, filled by its state, and one for each that there could be.
import type { PoolRow } from '../frames.ts';
import { make } from './elements.ts';

const mostInLine = 60;
/** More than these are drawn narrower, to fit the line. */
const wideUpTo = 20;

/** Connections that somebody has. */
export const leasedIn = ({ slots }: PoolRow): number =>
  [...slots].reduce((sum, letter) => sum + (/[ld]/i.test(letter) ? 1 : 0), 0);

/** Has the pool a limit? Without one there is nothing to measure it by. */
export const isLimited = ({ max }: PoolRow): boolean => max < Number.MAX_SAFE_INTEGER;

/** Draws them, touching only what has changed. */
export function fillSlots(list: HTMLElement, row: PoolRow): void {
  const { slots } = row;
  const max = isLimited(row) ? row.max : 0;
  const wanted: string[] = [...slots.slice(0, mostInLine).toLowerCase()];
  while (wanted.length < Math.min(max, mostInLine)) wanted.push('free');
  list.classList.toggle('dense', wanted.length > wideUpTo);
  const more = slots.length > mostInLine ? `+${slots.length - mostInLine}` : '';
  if (more !== '') wanted.push('more');
  while (list.children.length > wanted.length) list.lastChild!.remove();
  while (list.children.length < wanted.length) list.append(make('li'));
  wanted.forEach((className, index) => {
    const slot = list.children[index]!;
    if (slot.className !== className) slot.className = className;
    const text = className === 'more' ? more : '';
    if (slot.textContent !== text) slot.textContent = text;
  });
}
