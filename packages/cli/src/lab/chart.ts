// Where the time of a request went, as bars of text.
import { bar } from './bar.ts';
import { colours } from './colours.ts';
import type { Comparison } from './comparison.ts';
import { milliseconds, share } from './figures.ts';
import { phaseNames } from './phases.ts';

const labelWidth = 24;
const figureWidth = 10;

/** The phases of both services, all bars on one scale. `columns` is the width of the terminal. */
export function phaseChart({ perRequest, pooled }: Comparison, columns: number): string {
  const width = Math.max(10, Math.min(36, columns - labelWidth - 3 * figureWidth - 4));
  const most = Math.max(...perRequest.phases.map(({ meanMs }) => meanMs));
  const head = `${' '.repeat(labelWidth + 2)}${'a connection per request'.padEnd(width + 2 * figureWidth)}${'pooled'.padStart(figureWidth)}`;
  const lines = [colours.dim(head)];
  let party: string | undefined;
  for (const [index, { label, party: of, isWork }] of phaseNames.entries()) {
    const [one, other] = [perRequest.phases[index], pooled.phases[index]];
    if (one === undefined || other === undefined || (one.meanMs === 0 && other.meanMs === 0)) continue;
    if (of !== party) lines.push(colours.bold(of));
    party = of;
    const paint = isWork ? colours.green : colours.yellow;
    const figures = one.meanMs > 0 ? [milliseconds(one.meanMs), share(one.share)] : ['–', ''];
    lines.push(
      `  ${label.padEnd(labelWidth)}${paint(bar(one.meanMs, most, width).padEnd(width))}` +
        figures.map((figure) => figure.padStart(figureWidth)).join('') +
        (other.meanMs > 0 ? milliseconds(other.meanMs) : '–').padStart(figureWidth),
    );
  }
  const whole = [milliseconds(perRequest.requestMs), '', milliseconds(pooled.requestMs)];
  lines.push(
    colours.bold(
      'whole request'.padEnd(labelWidth + 2 + width) +
        whole.map((figure) => figure.padStart(figureWidth)).join(''),
    ),
  );
  return lines.join('\n');
}
