// undici.request by URL, on a dispatcher: undici's Agent, or what takes its place.

import { Agent, type Dispatcher, request } from 'undici';
import type { CreateHttpClient, HttpAccess } from './http-client.ts';

export const openAgent = ({ ca, max }: HttpAccess): Agent => new Agent({ connections: max, connect: { ca } });

export const create: CreateHttpClient = onRequest(openAgent);

export function onRequest(open: (access: HttpAccess) => Dispatcher): CreateHttpClient {
  return (access) => {
    const dispatcher = open(access);
    return {
      async get(path) {
        const { body } = await request(`${access.origin}${path}`, { dispatcher });
        return await body.text();
      },
      close: () => dispatcher.close(),
    };
  };
}
