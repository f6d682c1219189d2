// A user's program with HttpPool, only type-checked: here against the sources, and by http-matrix with each undici and the types of each Node.
import { HttpPool, type HttpPoolStats } from 'openline/http';
import * as undici from 'undici';

const pool = new HttpPool({ max: 5, headersTimeoutMs: 5_000 });

export const dispatcher: undici.Dispatcher = pool;
undici.setGlobalDispatcher(pool);

const composed = pool.compose(undici.interceptors.redirect({ maxRedirections: 1 }), (dispatch) => {
  return (options, handler) => dispatch({ ...options, path: `/v1${options.path}` }, handler);
});
export const stats: HttpPoolStats = composed.stats();

export async function ask(url: string): Promise<number> {
  const own = await pool.request({ origin: url, path: '/', method: 'GET' });
  const asked = await undici.request(url, { dispatcher: pool });
  const fetched = await undici.fetch(url, { dispatcher: composed });
  const response = await fetch(url, { dispatcher: pool });
  const again: Response = await fetch(url, { dispatcher: composed });
  return own.statusCode + asked.statusCode + fetched.status + response.status + again.status;
}

pool.on('disconnect', (origin, targets, error) => console.warn(origin.href, targets.length, error.code));

export class Traced extends HttpPool {
  override dispatch(
    options: undici.Dispatcher.DispatchOptions,
    handler: undici.Dispatcher.DispatchHandler,
  ): boolean {
    return super.dispatch(options, handler);
  }
}

// @ts-expect-error: a duration is a number of milliseconds.
new HttpPool({ headersTimeoutMs: '5s' });
