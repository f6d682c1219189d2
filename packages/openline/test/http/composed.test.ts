// The pool behind interceptors of undici.
import { type Dispatcher, interceptors, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { givenPool, givenServer } from './support/pools.ts';

/** Adds a header to each request. */
const naming =
  (name: string): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch({ ...options, headers: { ...(options.headers as object), [name]: 'yes' } }, handler);

const echo = () =>
  givenServer(({ headers, url }, answer) => {
    if (url === '/moved') answer.writeHead(302, { location: '/' });
    answer.end(JSON.stringify(headers));
  });

describe('a composed pool', () => {
  test('sends its requests through the interceptors, and answers for the pool in all else', async () => {
    const { origin } = await echo();
    const pool = givenPool();
    const composed = pool.compose(interceptors.redirect({ maxRedirections: 1 }));
    const { statusCode, body } = await request(`${origin}/moved`, { dispatcher: composed });
    await body.dump();
    expect(statusCode).toBe(200);
    expect(composed.name).toBe(pool.name);
    expect(composed.stats().origins[0]?.requestTotals.answered).toBe(2);
    await composed.warm(origin);
    await composed.refresh();
    await composed.close();
    expect(pool.closed).toBe(true);
    expect(composed.closed).toBe(true);
  });

  test('is composed again without losing the interceptors that it has', async () => {
    const { origin } = await echo();
    const composed = givenPool()
      .compose([naming('x-inner')])
      .compose(naming('x-outer'));
    const { body } = await request(origin, { dispatcher: composed });
    expect(await body.json()).toMatchObject({ 'x-inner': 'yes', 'x-outer': 'yes' });
    await composed.destroy();
  });
});
