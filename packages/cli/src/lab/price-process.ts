// The neighbour: a price service over HTTPS, in a process of its own.
import { createServer, type Server } from 'node:https';
import { answerCalls } from './answer-calls.ts';
import type { PriceCalls } from './calls.ts';
import { listen, stopListening } from './listening.ts';

/** In cents: any number that depends on the article. */
function priceOf(article: string): number {
  return 995 + [...article].reduce((sum, letter) => sum + letter.charCodeAt(0) * 10, 0);
}

let server: Server | undefined;

const calls: PriceCalls = {
  start({ cert, key }) {
    server = createServer({ cert, key }, (request, response) => {
      const article = /^\/prices\/([\w-]{1,40})$/.exec(request.url ?? '')?.[1];
      response.writeHead(article === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(article === undefined ? {} : { article, cents: priceOf(article) }));
    });
    return listen(server, 0);
  },
};

answerCalls(calls, () => server && stopListening(server));
