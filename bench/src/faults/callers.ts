// Callers in a closed loop, each of which asks for a token of its own, looks at the answer, and pauses.

import { setTimeout as pause } from 'node:timers/promises';
import { type Call, labelOf, messageOf } from './calls.ts';
import { nowMs } from './clock.ts';
import type { FaultPool } from './contenders/contender.ts';

/** Who asks, and for what. */
export interface Crowd {
  readonly callers: number;
  /** Every so many callers one asks for statements that take a while. */
  readonly slowEvery: number;
  /** How long the server takes for such a statement, in milliseconds. */
  readonly slowMs: number;
}

const PAUSE_MS = 25;
const LOOK_EVERY_MS = 20;
const READ = 'select $1::text as token';

/** Callers at work until they are stopped. */
export class Callers {
  readonly #pool: FaultPool;
  readonly #record: (call: Call) => void;
  /** When each call under way began, by its token. */
  readonly #underWay: Map<string, number> = new Map();
  #stopped = false;

  constructor(pool: FaultPool, { callers, slowEvery, slowMs }: Crowd, record: (call: Call) => void) {
    this.#pool = pool;
    this.#record = record;
    const slow = `${READ}, pg_sleep(${slowMs / 1_000})`;
    for (let caller = 0; caller < callers; caller++) {
      void this.#loop(caller, caller % slowEvery === slowEvery - 1 ? slow : READ);
    }
  }

  async #loop(caller: number, text: string): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      await this.#call(`${caller}-${turn}`, text);
      await pause(PAUSE_MS);
    }
  }

  async #call(token: string, text: string): Promise<void> {
    const askedAt = nowMs();
    this.#underWay.set(token, askedAt);
    try {
      const answer = await this.#pool.query(text, token);
      this.#record({ askedAt, endedAt: nowMs(), outcome: answer === token ? 'right' : 'wrong' });
    } catch (error) {
      const told = { label: labelOf(error), message: messageOf(error) };
      this.#record({ askedAt, endedAt: nowMs(), outcome: 'failed', ...told });
    }
    this.#underWay.delete(token);
  }

  /** Lets no caller ask again; resolves when all are answered or patience is over, to when each unanswered call began. */
  async stop(patienceMs: number): Promise<number[]> {
    this.#stopped = true;
    const until = nowMs() + patienceMs;
    while (this.#underWay.size > 0 && nowMs() < until) await pause(LOOK_EVERY_MS);
    return [...this.#underWay.values()];
  }
}
