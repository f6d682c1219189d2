// A dispatcher's own `request`: the same code drives undici's pools and what takes their place.

import type { Dispatcher } from 'undici';
import type { HttpClient } from './http-client.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };

/** @param idempotent - what is said of a POST; undici's default when absent */
export function onDispatcher(dispatcher: Dispatcher, origin: string, idempotent?: boolean): HttpClient {
  const said = idempotent === undefined ? {} : { idempotent };
  return {
    async get(path) {
      const { body } = await dispatcher.request({ origin, path, method: 'GET' });
      return await body.text();
    },
    async post(path, text) {
      const { body } = await dispatcher.request({
        origin,
        path,
        method: 'POST',
        headers: JSON_HEADERS,
        body: text,
        ...said,
      });
      return await body.text();
    },
    close: () => dispatcher.close(),
  };
}
