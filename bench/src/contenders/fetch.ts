// The global fetch. Nothing here may load undici: its mere import puts its own dispatcher in the place of fetch's.

import type { Dispatcher } from 'undici';
import type { CreateHttpClient, HttpAccess } from './http-client.ts';

/** @param open - its dispatcher; fetch's own when absent, which opens as many connections as it has requests */
export function onFetch(open?: (access: HttpAccess) => Dispatcher): CreateHttpClient {
  return (access) => {
    const dispatcher = open?.(access);
    // Its type is of another version of undici than the one that is installed.
    const init = dispatcher === undefined ? {} : ({ dispatcher } as object as RequestInit);
    return {
      async get(path) {
        const response = await fetch(`${access.origin}${path}`, init);
        return await response.text();
      },
      close: async () => {
        await dispatcher?.close();
      },
    };
  };
}
