// The sentence on top: the diagnosis where there is one, else what the counts say.
import type { PoolRow } from '../frames.ts';
import { byId, duration, setText, withoutPool } from './elements.ts';
import { isTroubled } from './pools.ts';

/** Says what is the matter: with the selected pool first, then with the one that has the most waiting. */
export function showVerdict(
  rows: ReadonlyMap<number, PoolRow>,
  selected: PoolRow | undefined,
  now: number,
): void {
  const troubled = [...rows.values()].filter(isTroubled).sort((a, b) => weight(b) - weight(a));
  const worst = selected !== undefined && isTroubled(selected) ? selected : troubled[0];
  const others = troubled.length - 1;
  byId('verdict').className = worst === undefined ? '' : 'bad';
  if (worst === undefined) {
    const calm = selected?.diagnosis;
    setText(
      byId('sentence'),
      calm ||
        (rows.size === 1
          ? 'The pool serves everyone at once.'
          : `All ${rows.size} pools serve everyone at once.`),
    );
    setText(byId('advice'), selected?.advice ?? '');
    return;
  }
  setText(byId('sentence'), `${worst.name}: ${worst.diagnosis || inWords(worst, now)}`);
  const more = others > 0 ? `${others} more ${others === 1 ? 'pool needs' : 'pools need'} a look.` : '';
  setText(byId('advice'), [worst.advice, more].filter((text) => text !== '').join(' '));
}

const weight = ({ outage, waiting, diagnosis }: PoolRow): number =>
  (outage === '' ? 0 : 1e9) + (diagnosis === '' ? 0 : 1e6) + waiting;

function inWords({ outage, outageSince, waiting, slots, max }: PoolRow, now: number): string {
  if (outage !== '')
    return `unreachable for ${duration(Math.max(0, now - outageSince))}: ${withoutPool(outage)}`;
  const leased = [...slots].filter((letter) => /[ld]/i.test(letter)).length;
  const callers = waiting === 1 ? '1 caller waits' : `${waiting} callers wait`;
  if (leased >= max) return `${callers}, since all ${max} connections are leased.`;
  return `${callers}; ${leased} of ${max} connections are leased.`;
}
