// The parent's end of one worker process.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Arena, Bench, Entry, Sample, Scenario } from './bench.ts';
import type { Answer, Request } from './messages.ts';

const WORKER: string = fileURLToPath(new URL('./worker.js', import.meta.url));

interface Pending {
  resolve(sample: Sample | undefined): void;
  reject(error: Error): void;
}

export class WorkerProcess {
  readonly contender: string;
  readonly variant: string;
  readonly #child: ChildProcess;
  #pending: Pending | undefined;

  constructor(
    contender: string,
    variant: string,
    { execArgv = [] }: Pick<Bench, 'execArgv'>,
    env: Arena['env'],
  ) {
    this.contender = contender;
    this.variant = variant;
    // What a contender prints goes to stderr: stdout belongs to the figures.
    this.#child = fork(WORKER, [], {
      execArgv: [...execArgv],
      env: { ...process.env, ...env },
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child.on('message', (answer: Answer) => this.#settle(answer));
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('exit', (code, signal) => this.#fail(`its process ended with ${signal ?? code}`));
  }

  async enter(bench: Bench, entry: Entry): Promise<void> {
    await this.#ask({ kind: 'enter', bench: bench.name, entry });
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.#ask({ kind: 'warmUp', scenario });
  }

  async run(scenario: Scenario): Promise<Sample> {
    const sample = await this.#ask({ kind: 'run', scenario });
    if (sample === undefined) throw new Error(`${this.contender}: a round without figures`);
    return sample;
  }

  async close(): Promise<void> {
    await this.#ask({ kind: 'close' });
    this.#child.disconnect();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(request: Request): Promise<Sample | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#child.send(request, (error) => {
        if (error) this.#fail(error.message);
      });
    });
  }

  #settle(answer: Answer): void {
    if (answer.kind === 'failed') {
      this.#fail(answer.reason);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(answer.sample);
  }

  #fail(reason: string): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(new Error(`contender ${this.contender} failed: ${reason}`));
  }
}
