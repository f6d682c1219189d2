// The playground over HTTP: the dashboard with the lab's buttons on its page. Only a page of its own may press them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Dashboard, dashboard } from 'openline/dashboard';
import { isForLoopback, sendJson, sendPagePart } from '../responses.ts';
import { isFaultName } from './lessons.ts';
import { type LabPage, labPage } from './page.ts';
import type { Playground } from './playground.ts';
import type { Shop } from './shop.ts';

/** A server that is not listening yet. */
export interface PlaygroundServer {
  readonly server: Server;
  /** Ends the streams of those who look: before the server is closed. */
  close(): void;
}

/** Makes it. */
export function createPlaygroundServer(shop: Shop, playground: Playground): PlaygroundServer {
  const board: Dashboard = dashboard([shop]);
  let page: Promise<LabPage> | undefined;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = ''] = (request.url ?? '').split('?');
    if (path.startsWith('/lab/')) return answerLab(playground, path.slice('/lab/'.length), request, response);
    if (path !== '/' && path !== '/lab.js' && path !== '/lab.css') return board(request, response);
    if (!isForLoopback(request)) return sendJson(response, 421, { error: notForOthers });
    if (request.method !== 'GET') return sendJson(response, 405, { error: 'There is only GET here.' });
    page ??= labPage(request.socket.localPort!);
    const { contentType, text } = (await page)[path];
    sendPagePart(response, contentType, text);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      page = undefined;
      sendJson(response, 500, { error: String(error) });
    });
  });
  return { server, close: () => board.close() };
}

const notForOthers = 'The lab answers to localhost and 127.0.0.1 only.';

/** Answers what stands below `/lab/`: the state, and the buttons. */
function answerLab(
  playground: Playground,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [status, body] = labAnswer(playground, name, request);
  sendJson(response, status, body);
}

function labAnswer(playground: Playground, name: string, request: IncomingMessage): [number, object] {
  if (!isForLoopback(request)) return [421, { error: notForOthers }];
  const isState = name === 'state';
  const press = isState ? undefined : buttonOf(playground, name);
  if (!isState && press === undefined) return [404, { error: 'There is no such button.' }];
  if (press === undefined) {
    if (request.method !== 'GET') return [405, { error: 'There is only GET here.' }];
  } else {
    if (request.method !== 'POST') return [405, { error: 'A button is pressed by POST.' }];
    if (!isOfOwnPage(request)) return [403, { error: "Only the lab's own page may press its buttons." }];
    if (!press()) return [409, { error: `Not now: the playground is ${playground.state().phase}.` }];
  }
  return [isState ? 200 : 202, playground.state()];
}

/** What pressing the button does: it is `false` where that makes no sense now. */
function buttonOf(playground: Playground, name: string): (() => boolean) | undefined {
  if (name === 'mend') return () => playground.mend();
  const fault = name.startsWith('break/') ? name.slice('break/'.length) : '';
  return isFaultName(fault) ? () => playground.plant(fault) : undefined;
}

/** Browsers say on each POST whose page sends it: a page of another site cannot say that it is this one. */
function isOfOwnPage({ headers }: IncomingMessage): boolean {
  return headers.origin === `http://${headers.host?.toLowerCase()}`;
}
