// The Grafana dashboard is one that Grafana takes; it asks for metrics and labels that there are, and leaves none of them out.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PoolMetrics, toPrometheus } from 'openline/telemetry';
import { Registry } from 'prom-client';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { definitions } from '../../src/telemetry/definitions.ts';
import { prometheusName } from '../../src/telemetry/prometheus.ts';
import { orders } from './life.ts';
import { parseText } from './prometheus-text.ts';
import { parseQuery, type Query } from './promql.ts';

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: unknown;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly datasource?: unknown;
  readonly targets?: readonly Target[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const file = join(root, 'docs/grafana/openline.json');
let text: string;
let dashboard: Dashboard;
let asked: { title: string; unit: string; expr: string; legend: string; query: Query }[];
/** The values of each label of each series, as a scrape of a database's pool and of an origin shows them. */
let known: Map<string, Map<string, Set<string>>>;

beforeAll(async () => {
  text = await readFile(file, 'utf8');
  dashboard = JSON.parse(text);
  asked = dashboard.panels.flatMap(({ title, fieldConfig, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      title,
      unit: fieldConfig!.defaults.unit,
      expr,
      legend: legendFormat,
      query: parseQuery(expr),
    })),
  );
});

// In each test's own time: the pool is closed when the test ends.
async function series(): Promise<typeof known> {
  const registry = new Registry();
  const metrics = new PoolMetrics();
  const { pool } = orders();
  metrics.watch(pool);
  const origin = { origin: 'https://example.com', protocol: 'HTTP/2', requestsByMethod: { GET: 1 } } as const;
  metrics.watch({ stats: () => ({ name: 'http', origins: [{ ...pool.stats(), ...origin }] }) });
  toPrometheus(metrics, registry);
  const found: typeof known = new Map();
  for (const shown of Object.keys(parseText(await registry.metrics()).values)) {
    const [, name = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(shown) ?? [];
    const values = found.get(name) ?? new Map<string, Set<string>>();
    found.set(name, values);
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g))
      values.set(label!, (values.get(label!) ?? new Set()).add(value!));
  }
  return found;
}

describe('every query', () => {
  test('asks for series that there are, by labels that each of them has', async () => {
    known = await series();
    expect(asked.length).toBeGreaterThan(10);
    for (const { title, expr, query } of asked) {
      expect(query.selections.length, `${title}: ${expr}`).toBeGreaterThan(0);
      for (const { metric, matchers, groupedBy } of query.selections) {
        expect([...known.keys()], title).toContain(metric);
        const labels = known.get(metric)!;
        for (const label of [...groupedBy, ...matchers.map((matcher) => matcher.label)])
          expect([...labels.keys()], `${title}: ${metric}`).toContain(label);
      }
    }
  });

  test('selects by values that there are, or by a variable that there is', async () => {
    known = await series();
    const variables = dashboard.templating.list.map(({ name }) => `$${name}`);
    for (const { title, query } of asked) {
      for (const { metric, matchers } of query.selections)
        for (const { label, operator, value } of matchers) {
          // More than one can be chosen of a variable: only a pattern takes that.
          if (operator === '=~') expect(variables, title).toContain(value);
          else expect([...known.get(metric)!.get(label)!], title).toContain(value);
        }
    }
  });

  test('writes beside each line what tells it from the others, and nothing that is not there', () => {
    for (const { title, legend, query } of asked) {
      const written = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      expect(written.sort(), `${title}: ${legend}`).toEqual([...query.results!].sort());
    }
  });

  test('asks for quantiles of buckets by their bounds, for growth of what only grows, and for levels as they are', () => {
    for (const { title, expr, query } of asked) {
      for (const labels of query.quantilesOf) expect(labels, title).toContain('le');
      const isQuantile = query.quantilesOf.length > 0;
      for (const { metric } of query.selections) {
        expect(metric.endsWith('_bucket'), title).toBe(isQuantile);
        const grows = /_(?:total|bucket|sum|count)$/.test(metric) && metric !== 'db_client_connection_count';
        expect(expr.includes(`rate(${metric}{`), title).toBe(grows);
      }
    }
  });

  test('has the unit of what it asks for', () => {
    for (const { title, unit, expr, query } of asked) {
      const isShare = / \/ /.test(expr);
      const isQuantile = query.quantilesOf.length > 0;
      const isRate = /rate\(\w+_(?:total|count)\{/.test(expr);
      expect(unit, title).toBe(isShare ? 'percentunit' : isQuantile ? 's' : isRate ? 'reqps' : 'short');
    }
  });
});

test('the variables offer values of labels that there are', async () => {
  known = await series();
  const [source, ...others] = dashboard.templating.list;
  expect(source).toMatchObject({ name: 'source', type: 'datasource', query: 'prometheus' });
  for (const { name, query } of others) {
    const { query: asking } = query as { query: string };
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(asking) ?? [];
    expect([...(known.get(metric)?.keys() ?? [])], name).toContain(label);
  }
});

test('every metric is on it', () => {
  const { max, ...told } = definitions;
  const names = asked.flatMap(({ query }) => query.selections.map(({ metric }) => metric));
  const isAsked = (name: string): boolean =>
    names.some((one) => one.replace(/_(?:bucket|sum|count)$/, '') === name || one === name);
  for (const definition of Object.values(told))
    expect(isAsked(prometheusName(definition)), definition.name).toBe(true);
  // What it is called now stands for it.
  expect(isAsked(prometheusName(max))).toBe(false);
});

test('its panels are numbered once, ask the chosen source, and lie beside one another', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const [index, { gridPos: a, title, type, datasource, targets = [] }] of panels.entries()) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own.
    const source = { type: 'prometheus', uid: '${source}' };
    if (type !== 'row')
      expect([datasource, ...targets.map((one) => one.datasource)]).toEqual(
        Array(1 + targets.length).fill(source),
      );
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    expect(a.x + a.w, title).toBeLessThanOrEqual(24);
    for (const { gridPos: b, title: other } of panels.slice(index + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      expect(apart, `${title} and ${other}`).toBe(true);
    }
  }
});

/** Grafana's enumerations are texts in JSON, which TypeScript takes for them only when it is told to. */
const asJson = `
  type Json<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
    : T extends readonly (infer Item)[] ? Json<Item>[] : { [Key in keyof T]: Json<T[Key]> };
`;

test('Grafana’s own schema has nothing to say against it', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openline-grafana-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const schema = join(root, 'node_modules/@grafana/schema/dist/types/index.d.ts');
  const check = async (name: string, json: string): Promise<string> => {
    const source = `import type { Dashboard } from '@grafana/schema';${asJson}export const board: Json<Dashboard> = ${json};\n`;
    await writeFile(join(folder, `${name}.ts`), source);
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      types: [],
    };
    const config = {
      compilerOptions: { ...options, paths: { '@grafana/schema': [schema] } },
      files: [`${name}.ts`],
    };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(config));
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(folder, `${name}.json`)];
    return await promisify(execFile)(process.execPath, tsc).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
  };
  expect(await check('ours', text)).toBe('');
  expect(await check('wrong', text.replace('"graphTooltip": 1', '"graphTooltip": "shared"'))).toContain(
    'DashboardCursorSync',
  );
});
