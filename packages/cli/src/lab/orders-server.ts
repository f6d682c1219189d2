// The orders service over HTTP: its routes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from './errors.ts';
import type { Neighbours } from './neighbours.ts';
import { pricedOrder, salesReport } from './orders.ts';
import { readPage } from './page.ts';
import { isForLoopback, sendElsewhere, sendJson, sendPagePart } from './responses.ts';
import { type PhaseTimes, Stopwatch } from './stopwatch.ts';

/** Where the page's reader can go on. */
export interface Signpost {
  /** The origin of the playground, once there is one. */
  playground: string | undefined;
}

/** A server that is not listening yet. Without pools there is no page. */
export function createOrdersServer(neighbours: Neighbours, times: PhaseTimes, signpost: Signpost): Server {
  const page = neighbours.pools() === undefined ? undefined : readPage();

  const timed = async (
    response: ServerResponse,
    work: (watch: Stopwatch) => Promise<object | undefined>,
  ): Promise<void> => {
    const watch = new Stopwatch(times);
    try {
      const found = await work(watch);
      sendJson(response, found === undefined ? 404 : 200, found ?? { error: 'There is no such order.' });
    } catch (error) {
      sendJson(response, 503, { error: messageOf(error) });
    } finally {
      watch.end();
    }
  };

  const handle = (request: IncomingMessage, response: ServerResponse): Promise<void> | void => {
    if (!isForLoopback(request)) {
      return sendJson(response, 421, { error: 'This service answers to localhost and 127.0.0.1 only.' });
    }
    if (request.method !== 'GET') return sendJson(response, 405, { error: 'There is only GET here.' });
    const [path = ''] = (request.url ?? '').split('?');
    const order = /^\/orders\/(\d{1,9})$/.exec(path)?.[1];
    if (order !== undefined) return timed(response, (watch) => pricedOrder(neighbours, Number(order), watch));
    if (path === '/reports/sales') return timed(response, (watch) => salesReport(neighbours, watch));
    if (path === '/pools.json' && page) return sendJson(response, 200, neighbours.pools());
    if (path === '/break' && page) {
      const { playground } = signpost;
      if (playground !== undefined) return sendElsewhere(response, `${playground}/`);
      return sendJson(response, 503, {
        error: 'The playground starts after the comparison: come again in a moment.',
      });
    }
    const part = page?.get(path);
    if (part) return sendPagePart(response, part.contentType, part.text);
    sendJson(response, 404, { error: 'Try /orders/42 or /reports/sales.' });
  };

  return createServer((request, response) => void handle(request, response));
}
