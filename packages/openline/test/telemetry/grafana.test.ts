// The Grafana dashboard asks for metrics and labels that there are, and leaves none of them out.
import { readFile } from 'node:fs/promises';
import { PoolMetrics, toPrometheus } from 'openline/telemetry';
import { Registry } from 'prom-client';
import { beforeAll, expect, test } from 'vitest';
import { definitions } from '../../src/telemetry/definitions.ts';
import { prometheusName } from '../../src/telemetry/prometheus.ts';
import { orders } from './life.ts';
import { parseText } from './prometheus-text.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const file = new URL('../../../../docs/grafana/openline.json', import.meta.url);
let dashboard: Dashboard;
let queries: { title: string; expr: string; legend: string }[];

beforeAll(async () => {
  dashboard = JSON.parse(await readFile(file, 'utf8'));
  queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expr, legend: legendFormat })),
  );
  for (const { name, definition } of dashboard.templating.list)
    if (definition !== undefined) queries.push({ title: `variable ${name}`, expr: definition, legend: '' });
});

/** The series by name, with the labels of each, as a scrape of a database pool and of an origin shows them. */
async function series(): Promise<Map<string, Set<string>>> {
  const registry = new Registry();
  const metrics = new PoolMetrics();
  const { pool } = orders();
  metrics.watch(pool);
  const origin = { origin: 'https://example.com', protocol: 'HTTP/2', requests: 1 } as const;
  metrics.watch({ stats: () => ({ name: 'http', origins: [{ ...pool.stats(), ...origin }] }) });
  toPrometheus(metrics, registry);
  const found = new Map<string, Set<string>>();
  for (const shown of Object.keys(parseText(await registry.metrics()).values)) {
    const [, name = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(shown) ?? [];
    found.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!)));
  }
  return found;
}

const metricsIn = (expr: string): string[] => expr.match(/\b(?:db|http)_client_\w+(?=\{|, )/g) ?? [];

test('every query asks for series that there are, by labels that they have', async () => {
  const known = await series();
  expect(queries.length).toBeGreaterThan(10);
  for (const { title, expr, legend } of queries) {
    const names = metricsIn(expr).filter((name) => !isLabel(name, known));
    expect(names.length, `${title}: ${expr}`).toBeGreaterThan(0);
    for (const name of names) {
      expect([...known.keys()], title).toContain(name);
      const selected = [...expr.matchAll(/(\w+)=~?"/g)].map(([, label]) => label!);
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '));
      const written = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      const states = ['db_client_connection_state', 'http_connection_state'];
      for (const label of [...selected, ...grouped, ...written]) {
        // A ratio takes the used ones by their state, and divides by all that are allowed.
        if (states.includes(label) && !known.get(name)!.has(label)) expect(expr).toContain(' / ');
        else expect([...known.get(name)!], `${title}: ${name}`).toContain(label);
      }
    }
  }
});

function isLabel(name: string, known: Map<string, Set<string>>): boolean {
  return [...known.values()].some((labels) => labels.has(name));
}

test('every metric is on it', () => {
  const asked = queries.map(({ expr }) => expr).join('\n');
  for (const definition of Object.values(definitions)) expect(asked).toContain(prometheusName(definition));
});

test('durations are asked as quantiles of their buckets, or by count and sum', () => {
  for (const { title, expr } of queries.filter(({ expr: one }) => one.includes('_seconds'))) {
    expect(expr, title).toMatch(
      /histogram_quantile\([\d.]+, sum by \(le, .*_seconds_bucket|_seconds_(?:count|sum)/,
    );
  }
});

test('its panels are numbered once, and lie beside one another', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const [index, { gridPos: a, title }] of panels.entries()) {
    expect(a.x + a.w, title).toBeLessThanOrEqual(24);
    for (const { gridPos: b, title: other } of panels.slice(index + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      expect(apart, `${title} and ${other}`).toBe(true);
    }
  }
});
