// What the orders service does, whatever its connections are: an order with its price, and a slow report.
import type { Neighbours, Order } from './neighbours.ts';
import type { Stopwatch } from './stopwatch.ts';

const orderText = 'select id, customer, article, quantity from openline_lab.orders where id = $1';

/** Stands for a report over many rows: its time is fixed, so that it is as slow on every machine. */
const reportText = `
  select article, sum(quantity)::int as sold, (select pg_sleep(0.8))::text as slept
  from openline_lab.orders group by article order by sold desc`;

/** An order with what it costs: one query, then one call of the price service; `undefined` where there is no such order. */
export async function pricedOrder(
  neighbours: Neighbours,
  id: number,
  watch: Stopwatch,
): Promise<(Order & { totalCents: number }) | undefined> {
  const [order] = await neighbours.rows<Order>(orderText, [id], watch);
  if (order === undefined) return undefined;
  const price = (await neighbours.prices(`/prices/${order.article}`, watch)) as { cents: number };
  return { ...order, totalCents: order.quantity * price.cents };
}

/** What was sold of each article: a query of 0.8 s. */
export async function salesReport(
  neighbours: Neighbours,
  watch: Stopwatch,
): Promise<{ article: string; sold: number }[]> {
  const rows = await neighbours.rows<{ article: string; sold: number }>(reportText, [], watch);
  return rows.map(({ article, sold }) => ({ article, sold }));
}
