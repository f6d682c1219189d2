// Callers in a closed loop, each of which asks for a token of its own, looks at the answer, and pauses.

import { setTimeout as pause } from 'node:timers/promises';
import { type Call, labelOf, messageOf } from './calls.ts';
import { nowMs } from './clock.ts';
import type { FaultPool } from './contender.ts';

/** Who asks, for what, and how often. */
export interface Crowd {
  readonly callers: number;
  /** What they ask for: the first caller for the first text, and so on, from the beginning again where the texts end. */
  readonly texts: readonly string[];
  /** The shortest and the longest pause between a caller's calls, in milliseconds. */
  readonly pauseMs: readonly [number, number];
}

const LOOK_EVERY_MS = 20;

/** Callers at work until they are stopped. */
export class Callers {
  readonly #pool: FaultPool;
  readonly #record: (call: Call) => void;
  /** When each call under way began, by its token. */
  readonly #underWay: Map<string, number> = new Map();
  readonly #pauseMs: Crowd['pauseMs'];
  #stopped = false;

  constructor(pool: FaultPool, { callers, texts, pauseMs }: Crowd, record: (call: Call) => void) {
    this.#pool = pool;
    this.#record = record;
    this.#pauseMs = pauseMs;
    for (let caller = 0; caller < callers; caller++) void this.#loop(caller, texts[caller % texts.length]!);
  }

  async #loop(caller: number, text: string): Promise<void> {
    const [shortest, longest] = this.#pauseMs;
    for (let turn = 0; !this.#stopped; turn++) {
      await this.#call(`${caller}-${turn}`, text);
      await pause(shortest + Math.random() * (longest - shortest));
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
