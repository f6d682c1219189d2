// A process of the lab as the one that started it sees it: it is asked, and it ends.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from './errors.ts';

const goodbyeMs = 5_000;

type Answer = {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { message: string; code?: string };
};
type Pending = { resolve(value: unknown): void; reject(error: Error): void };
type Call<C, Name extends keyof C> = C[Name] extends (...parameters: infer P) => infer R
  ? { parameters: P; result: Awaited<R> }
  : never;

/** A child process that answers the calls `C`; its other side is `answerCalls`. */
export class LabProcess<C> {
  readonly name: string;
  /** Rejects when the process ends without having been asked to. */
  readonly died: Promise<never>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #isEnding = false;

  /** Its standard output goes to standard error: what the lab prints on standard output may be JSON. */
  constructor(name: string, program: URL) {
    this.name = name;
    this.#child = fork(program, { stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child.on('message', (answer) => this.#settle(answer as Answer));
    this.died = new Promise((_, reject) => {
      const fail = (how: string): void => {
        const error = new LabError(`The ${name} ended unexpectedly (${how}).`);
        for (const { reject: refuse } of this.#pending.values()) refuse(error);
        this.#pending.clear();
        if (!this.#isEnding) reject(error);
      };
      this.#child.once('error', (error) => fail(error.message));
      this.#child.once('exit', (status, signal) => fail(signal ?? `status ${status}`));
    });
    this.died.catch(() => undefined);
  }

  /**
   * Asks, and resolves to the answer.
   * @throws (rejects) what the call threw, with its message and code; a {@link LabError} when the process ends first.
   */
  ask<Name extends keyof C & string>(
    name: Name,
    ...parameters: Call<C, Name>['parameters']
  ): Promise<Call<C, Name>['result']> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#child.send({ id, name, parameters }, (error) => {
        if (error) this.#settle({ id, error: { message: `The ${this.name} cannot be reached.` } });
      });
    });
  }

  /** Ends the process: it closes what it has open; after `withinMs` (default 5,000) it is killed. */
  async end(withinMs: number = goodbyeMs): Promise<void> {
    this.#isEnding = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exited = once(child, 'exit');
    const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(late);
  }

  #settle({ id, value, error }: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) pending?.reject(Object.assign(new LabError(error.message), { code: error.code }));
    else pending?.resolve(value);
  }
}
