// The floor: the least that a pool can do. An idle stack and a queue, no deadline, no stats, no errors.

import type { BenchPool, PoolLoad } from './pool.ts';

/** Read entries are cut off this many at a time: `shift()` would cost more than all the rest. */
const CUT = 1_024;

class FifoPool<C> {
  readonly #open: () => Promise<C>;
  readonly #max: number;
  readonly #idle: C[] = [];
  #queue: (((connection: C) => void) | undefined)[] = [];
  #head = 0;
  #opened = 0;

  constructor(open: () => Promise<C>, max: number) {
    this.#open = open;
    this.#max = max;
  }

  acquire(): Promise<C> {
    const connection = this.#idle.pop();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#opened < this.#max) {
      this.#opened++;
      return this.#open();
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  release(connection: C): void {
    const waiter = this.#queue[this.#head];
    if (waiter === undefined) return void this.#idle.push(connection);
    this.#queue[this.#head++] = undefined;
    if (this.#head >= CUT && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    waiter(connection);
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  get idle(): number {
    return this.#idle.length;
  }
}

export function create(load: PoolLoad): BenchPool<object> {
  const pool = new FifoPool(load.open, load.max);
  return {
    acquire: () => pool.acquire(),
    release: (connection) => pool.release(connection),
    waiting: () => pool.waiting,
    idle: () => pool.idle,
    close: async () => {},
  };
}
