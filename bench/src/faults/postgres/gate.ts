// The address that a contender connects to: a fault proxy that can be led to another server.

import { FaultProxy } from 'openline/testing';
import { nowMs } from '../clock.ts';

export class Gate {
  #proxy: FaultProxy;
  /** Connects that came before it was led elsewhere. */
  #earlier: readonly number[] = [];

  private constructor(proxy: FaultProxy) {
    this.#proxy = proxy;
  }

  static async open(target: number): Promise<Gate> {
    return new Gate(await FaultProxy.start({ target: { port: target } }));
  }

  get port(): number {
    return this.#proxy.port;
  }

  get proxy(): FaultProxy {
    return this.#proxy;
  }

  /** Ends every connection; new ones go to another port. */
  async leadTo(target: number): Promise<void> {
    const { port } = this.#proxy;
    this.#earlier = this.#connects();
    await this.#proxy.close();
    this.#proxy = await FaultProxy.start({ target: { port: target }, port });
  }

  /** How many connects came between two moments on the clock of `nowMs()`. */
  connectsBetween(from: number, until: number): number {
    return this.#connects().filter((at) => at >= from && at < until).length;
  }

  #connects(): number[] {
    // The proxy's own clock has another zero.
    const offset = nowMs() - performance.now();
    return [...this.#earlier, ...this.#proxy.attempts.map(({ at }) => at + offset)];
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}
