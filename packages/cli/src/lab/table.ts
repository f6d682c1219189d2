// The comparison as a table.
import Table from 'cli-table3';
import { colours } from './colours.ts';
import type { Comparison } from './comparison.ts';
import { count, milliseconds, rate, times } from './figures.ts';

/** Both services side by side, with how many times better the pooled one is. */
export function comparisonTable({ perRequest, pooled, ratios }: Comparison): string {
  const table = new Table({
    head: ['', 'a connection\nper request', 'pooled', ''].map((title) => colours.bold(title)),
    colAligns: ['left', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const row = (name: string, one: string, other: string, ratio: number, words: [string, string]): void => {
    const verdict = times(ratio, ...words);
    table.push([
      name,
      one,
      colours.bold(other),
      ratio >= 1 ? colours.green(verdict) : colours.yellow(verdict),
    ]);
  };
  const ms = milliseconds;
  const [one, other] = [perRequest, pooled];
  const shorter: [string, string] = ['shorter', 'longer'];
  const fewer: [string, string] = ['fewer', 'more'];
  row(
    'requests per second',
    rate(one.requestsPerSecond),
    rate(other.requestsPerSecond),
    ratios.requestsPerSecond,
    ['more', 'fewer'],
  );
  row('latency, p50', ms(one.latencyMs.p50), ms(other.latencyMs.p50), ratios.p50, shorter);
  row('latency, p99', ms(one.latencyMs.p99), ms(other.latencyMs.p99), ratios.p99, shorter);
  row('service CPU per request', ms(one.cpuMsPerRequest), ms(other.cpuMsPerRequest), ratios.cpuMsPerRequest, [
    'less',
    'more',
  ]);
  row(
    'connections opened: database',
    count(one.opened.database),
    count(other.opened.database),
    ratios.databaseConnections,
    fewer,
  );
  row(
    'connections opened: price service',
    count(one.opened.prices),
    count(other.opened.prices),
    ratios.priceConnections,
    fewer,
  );
  if (one.failed + other.failed > 0)
    table.push(['failed requests', count(one.failed), count(other.failed), '']);
  return table.toString();
}
