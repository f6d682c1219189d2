// node's own agents with keepAlive.

import * as http from 'node:http';
import * as https from 'node:https';
import type { HttpAccess, HttpClient } from './http-client.ts';
import { textOf } from './text-of.ts';

export function create({ origin, ca, max }: HttpAccess): HttpClient {
  const { protocol, hostname, port } = new URL(origin);
  const isSecure = protocol === 'https:';
  const limits = { keepAlive: true, maxSockets: max };
  const agent = isSecure ? new https.Agent({ ...limits, ca }) : new http.Agent(limits);
  const { get } = isSecure ? https : http;
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        const request = get({ agent, hostname, port, path }, (response) => resolve(textOf(response)));
        request.on('error', reject);
      }),
    close: async () => agent.destroy(),
  };
}
