// The http bench from end to end, on servers of its own.

import { expect, it } from 'vitest';
import { http } from '../src/benches/http.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

/** It may open as many as it likes. */
const UNBOUND = 'fetch';
/** What the others are compared with, where it is not undici.Pool. */
const REFERENCES = { get: 'undici.Pool h2', post: 'undici.Pool h2 idempotent' };
const ONE_SESSION = [...Object.values(REFERENCES), 'node:http2'];

it('prints the figures of every client, on as many connections as it was given, beside the best of undici', {
  timeout: PATIENCE_MS,
}, async () => {
  const report = await runTiny('http');
  expectWhole(report, http);
  const cells = report.sections.flatMap(({ scenario, rows }) =>
    rows.map(({ contender, figures }) => ({ scenario, contender, figures })),
  );
  for (const { scenario, contender, figures } of cells) {
    const where = `${contender} in ${scenario}`;
    expect(figures['failed']?.max, where).toBe(0);
    if (contender === UNBOUND) continue;
    expect(figures['connections']?.max, where).toBeLessThanOrEqual(10);
    if (ONE_SESSION.includes(contender)) expect(figures['connections']?.max, where).toBe(1);
  }
  for (const { scenario, reference, rows } of report.sections) {
    const [, method] = /^h2-(get|post)/.exec(scenario) ?? [];
    expect(reference, scenario).toBe(REFERENCES[method as keyof typeof REFERENCES]);
    const compared = rows.find(({ contender }) => contender === (reference ?? http.reference));
    expect(compared?.figures['rate']?.ratio, scenario).toBe(1);
  }
});
