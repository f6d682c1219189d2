// The page on diagnosis tells how often it was right as the last kept run on real servers has it; `UPDATE_DOCS=1` writes that anew.
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const address = new URL('../../../../docs/diagnosis.md', import.meta.url);
const kept = new URL('../../../../bench/results/diagnosis.json', import.meta.url);
const begin =
  '<!-- figures: written by packages/openline/test/docs/diagnosis-figures.test.ts from bench/results/diagnosis.json -->\n';
const end = '<!-- end of figures -->';

type Confusion = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What `npm run diagnose -- --save` keeps. */
interface Figures {
  readonly seeds: { readonly from: number; readonly count: number };
  readonly machine: { readonly node: string; readonly cores: number; readonly date: string };
  readonly confusion: Confusion;
  readonly firstErrorsSaid: Confusion;
  readonly planted: number;
  readonly named: number;
  readonly unsure: number;
  readonly healthy: number;
  readonly falseAlarms: number;
  readonly sizeBlamedForLeak: number;
  readonly mixtures: number;
  readonly topTwoRight: number;
  readonly firstErrors: number;
  readonly firstErrorsRight: number;
  readonly repeated: number;
  readonly failed: number;
}

const causes = [
  ...['too-small', 'leak', 'slow-use', 'nested-acquire', 'event-loop-blocked', 'server-unreachable'],
  ...['server-full', 'connects-slow', 'thundering-herd', 'healthy'],
];

const sum = (row: Readonly<Record<string, number>> = {}): number =>
  Object.values(row).reduce((total, runs) => total + runs, 0);

const share = (count: number, of: number): string =>
  `${count} of ${of} (${((count / of) * 100).toFixed(1)} %)`;

function row(cause: string, { confusion, firstErrorsSaid }: Figures): string {
  const { [cause]: right = 0, unsure = '', ...others } = confusion[cause] ?? {};
  const told = Object.entries(others).map(([verdict, runs]) => `${runs} \`${verdict}\``);
  const said = firstErrorsSaid[cause];
  const first = said === undefined ? '' : `${said[cause] ?? 0} of ${sum(said)}`;
  const name = cause === 'healthy' ? 'nothing' : `\`${cause}\``;
  return `| ${[name, sum(confusion[cause]), right, unsure, told.join(', '), first].join(' | ')} |`;
}

function section(figures: Figures): string {
  const { seeds, machine, planted, named, unsure, healthy, falseAlarms, mixtures, topTwoRight } = figures;
  const last = seeds.from + seeds.count - 1;
  const built =
    seeds.from < 100_000 ? ', which were used while building' : ', none of them used while building';
  return `
Seeds ${seeds.from} to ${last}${built}; Node ${machine.node}, ${machine.cores} cores, ${machine.date.slice(0, 10)}:

| planted | runs | named | unsure | others | first error named it |
| --- | --- | --- | --- | --- | --- |
${causes.map((cause) => row(cause, figures)).join('\n')}

- Of the planted causes ${share(named, planted)} were named, and ${share(unsure, planted)} called unsure.
- False alarms: ${share(falseAlarms, healthy)} healthy runs.
- Leaks blamed on the size: ${figures.sizeBlamedForLeak}.
- Pairs with both causes on top: ${share(topTwoRight, mixtures)}.
- Of the first errors of acquire timeouts ${share(figures.firstErrorsRight, figures.firstErrors)} named the cause already.
- Played again since the machine had no time for them: ${figures.repeated}; not brought to an end: ${figures.failed}.

`;
}

it('tells the figures that were kept', async () => {
  const page = await readFile(address, 'utf8');
  const told = section(JSON.parse(await readFile(kept, 'utf8')) as Figures);
  const [before, rest = ''] = page.split(begin);
  if (process.env['UPDATE_DOCS'] !== undefined)
    await writeFile(address, `${before}${begin}${told}${end}${rest.split(end)[1]}`);
  else expect(rest.split(end)[0]).toBe(told);
});
