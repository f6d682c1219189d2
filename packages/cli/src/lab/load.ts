// A fixed number of callers, each asking for its next order as soon as it has the last: a closed loop of bounded time.
import { Pool } from 'undici';
import type { LoadPlan, LoadProgress, LoadResult } from './calls.ts';
import { messageOf } from './errors.ts';
import { percentile } from './percentiles.ts';
import { orderCount } from './schema-size.ts';

const answerTimeoutMs = 10_000;

/** One run of load. Its own connections to the service stay open, whatever the service does with its own. */
export class Load {
  readonly #plan: LoadPlan;
  readonly #latencies: number[] = [];
  #failed = 0;
  #firstFailure: string | undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
  }

  progress(): LoadProgress {
    return { answered: this.#latencies.length, failed: this.#failed };
  }

  /** Requests begun in time are waited for and counted: dropping them would drop the slowest. */
  async run(): Promise<LoadResult> {
    const { origin, callers, seconds } = this.#plan;
    const service = new Pool(origin, {
      connections: callers,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
    });
    const startedAt = performance.now();
    const until = startedAt + seconds * 1000;
    await Promise.all(Array.from({ length: callers }, () => this.#call(service, until)));
    const tookMs = performance.now() - startedAt;
    await service.close();
    return this.#result(tookMs);
  }

  async #call(service: Pool, until: number): Promise<void> {
    for (let askedAt = performance.now(); askedAt < until; ) {
      const failure = await askForOrder(service);
      const now = performance.now();
      if (failure === undefined) this.#latencies.push(now - askedAt);
      else {
        this.#failed += 1;
        this.#firstFailure ??= failure;
        // A service that refuses at once would be asked a hundred thousand times.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      askedAt = performance.now();
    }
  }

  #result(tookMs: number): LoadResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    return {
      ...this.progress(),
      seconds: tookMs / 1000,
      latencyMs: {
        p50: percentile(sorted, 50),
        p99: percentile(sorted, 99),
        max: percentile(sorted, 100),
      },
      firstFailure: this.#firstFailure,
    };
  }
}

/** Asks for any of the orders; resolves to what went wrong, if something did. */
export async function askForOrder(service: Pool): Promise<string | undefined> {
  return ask(service, `/orders/${1 + Math.floor(Math.random() * orderCount)}`);
}

/** Asks for a path; resolves to what went wrong, if something did. */
export async function ask(service: Pool, path: string): Promise<string | undefined> {
  try {
    const { statusCode, body } = await service.request({ path, method: 'GET' });
    const text = await body.text();
    return statusCode === 200 ? undefined : `status ${statusCode}: ${text}`;
  } catch (error) {
    return messageOf(error);
  }
}
