// Node's own agents with keepAlive. Their timeout is a word only: it is the caller who has to end the request.

import * as http from 'node:http';
import * as https from 'node:https';
import { textOf } from '../../../contenders/text-of.ts';
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
            if (wish.startsWith('unread')) {
              response.on('error', reject);
              kept.push(response);
              resolve(token);
              return;
            }
            resolve(textOf(response));
          },
        );
        asked.on('error', reject);
        asked.on('timeout', () => asked.destroy(new Error('the socket was silent for too long')));
        asked.end(isPost ? token : undefined);
      }),
  };
}
