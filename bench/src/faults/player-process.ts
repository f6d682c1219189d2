// The parent's end of one player: what it has told so far, and how it ended.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Call } from './calls.ts';
import type { Span } from './clock.ts';
import type { Order, Part, Word } from './messages.ts';

const PLAYER: string = fileURLToPath(new URL('./player.js', import.meta.url));

/** All that a player has told. */
export interface Record {
  readonly calls: readonly Call[];
  /** When each call began that was never answered. */
  readonly unanswered: readonly number[];
  readonly stalls: readonly Span[];
  /** How its process ended before it was asked to. */
  readonly crash: string | undefined;
}

export class PlayerProcess {
  readonly #child: ChildProcess;
  readonly #calls: Call[] = [];
  readonly #over: Promise<void>;
  #unanswered: readonly number[] = [];
  #stalls: readonly Span[] = [];
  #crash: string | undefined;
  #end: () => void = () => undefined;
  #hasEnded = false;

  /** @param player - the compiled entry of the process */
  constructor(part: Part, player: string = PLAYER) {
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
    // What a contender prints goes to stderr: stdout belongs to the figures.
    this.#child = fork(player, [], { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child.on('message', (word: Word) => this.#hear(word));
    this.#child.on('error', (error) => this.#gone(error.message));
    this.#child.on('exit', (code, signal) => this.#gone(`its process ended with ${signal ?? code}`));
    this.#order({ kind: 'begin', part });
  }

  /** Whether a call has been answered as it should. */
  get isServed(): boolean {
    return this.#calls.some(({ outcome }) => outcome === 'right');
  }

  /** How its process ended before it was asked to, if it did. */
  get crash(): string | undefined {
    return this.#crash;
  }

  /** Stops the callers and waits for the last answers, then ends the process. */
  async finish(patienceMs: number): Promise<Record> {
    this.#order({ kind: 'stop', patienceMs });
    await this.#over;
    this.kill();
    return {
      calls: this.#calls,
      unanswered: this.#unanswered,
      stalls: this.#stalls,
      crash: this.#crash,
    };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #order(order: Order): void {
    if (!this.#child.connected) return;
    // Its process is gone then, and `exit` tells how.
    this.#child.send(order, () => undefined);
  }

  #hear(word: Word): void {
    if (word.kind === 'calls') this.#calls.push(...word.calls);
    else if (word.kind === 'crashed') this.#crash = word.reason;
    else {
      this.#unanswered = word.unanswered;
      this.#stalls = word.stalls;
      this.#hasEnded = true;
      this.#end();
    }
  }

  #gone(how: string): void {
    if (!this.#hasEnded) this.#crash ??= how;
    this.#end();
  }
}
