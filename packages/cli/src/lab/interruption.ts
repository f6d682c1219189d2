// Ctrl-C and its kin: the first one asks the lab to end, one after a while ends it at once.
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** npm passes a Ctrl-C on to a process that has had it from the terminal already: that is one, not two. */
const sameCtrlCMs = 1_000;

/** Thrown where the lab was waiting. */
export class Interrupted extends Error {
  /** The status that a shell expects: 128 and the signal's number. */
  readonly status: number;

  constructor(signal: (typeof signals)[number]) {
    super(`The lab was interrupted (${signal}).`);
    this.status = 128 + constants.signals[signal];
  }
}

/** Listens for signals from now on. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #interrupted: Promise<never>;

  constructor() {
    let firstAt: number | undefined;
    this.#interrupted = new Promise((_, reject) => {
      for (const signal of signals) {
        process.on(signal, () => {
          const error = new Interrupted(signal);
          if (firstAt === undefined) {
            firstAt = performance.now();
            this.#controller.abort(error);
            reject(error);
          } else if (performance.now() - firstAt > sameCtrlCMs) process.exit(error.status);
        });
      }
    });
    this.#interrupted.catch(() => undefined);
  }

  /** Waits for a promise; rejects with {@link Interrupted} when a signal comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#interrupted]);
  }

  /** Between steps that can't be cut short. @throws {Interrupted} */
  check(): void {
    this.#controller.signal.throwIfAborted();
  }
}
