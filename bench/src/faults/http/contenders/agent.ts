// Node's own agents with keepAlive. Their timeout is a word only: it is the caller who has to end the request.

import * as http from 'node:http';
import * as https from 'node:https';
import type { FaultPool } from '../../contender.ts';
import { type HttpAccess, pathOf, type Wish } from '../access.ts';

/** Bodies that nobody reads are kept here. */
const kept: unknown[] = [];

export function create({ origin, max }: HttpAccess, options: Readonly<Record<string, number>>): FaultPool {
  const isSecure = origin.startsWith('https:');
  const limits = { keepAlive: true, maxSockets: max, ...options };
  const agent = isSecure ? new https.Agent(limits) : new http.Agent(limits);
  const { request } = isSecure ? https : http;
  return {
    query: (wish, token) =>
      new Promise((resolve, reject) => {
        const isPost = (wish as Wish) === 'POST';
        const asked = request(
          `${origin}${pathOf(token)}`,
          { agent, method: isPost ? 'POST' : 'GET' },
          (response) => {
            response.on('error', reject);
            if (wish.startsWith('unread')) {
              kept.push(response);
              resolve(token);
              return;
            }
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => {
              text += chunk;
            });
            response.on('end', () => resolve(text));
          },
        );
        asked.on('error', reject);
        asked.on('timeout', () => asked.destroy(new Error('the socket was silent for too long')));
        asked.end(isPost ? token : undefined);
      }),
  };
}
