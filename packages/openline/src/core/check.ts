// Validation and reset: what is asked of an open connection between two leases, within a limit.

import type { Clock } from './clock.ts';
import type { CheckContext } from './connector.ts';

/** One check under way; its signal is made only if the connector asks for it. */
export class Check implements CheckContext {
  #controller: AbortController | undefined;
  #over = false;
  #end: ((passed: boolean) => void) | undefined;
  /** What was reported while nobody listened. */
  #found: string[] | undefined;
  #report: ((what: string) => void) | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over) this.#controller.abort();
    return this.#controller.signal;
  }

  /**
   * Whether the check passed in time. `false` as its result is a no, like a rejection.
   *
   * @param limitMs - after it the check has not passed, whatever it still says; `Infinity`: no limit
   */
  passes(result: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(limitMs) ? clock.setTimer(() => end(false), limitMs) : undefined;
      const end = (passed: boolean): void => {
        timer?.cancel();
        this.#over = true;
        if (!passed) this.#controller?.abort();
        resolve(passed);
      };
      this.#end = end;
      result.then(
        (answer) => end(answer !== false),
        () => end(false),
      );
    });
  }

  /** Made when it is asked for, like the signal: bound, so that a connector may take it out of the context, at no cost to resets that report nothing. */
  get dirty(): (what: string) => void {
    return (what) => this.#dirty(what);
  }

  #dirty(what: string): void {
    if (this.#over) return;
    if (this.#report !== undefined) this.#report(what);
    else {
      this.#found ??= [];
      this.#found.push(what);
    }
  }

  /** Whether anything was reported that nobody has heard. */
  get hasFound(): boolean {
    return this.#found !== undefined;
  }

  /** Has everything told that is reported, and what was reported before. */
  reportTo(report: (what: string) => void): void {
    this.#report = report;
    for (const what of this.#found ?? []) report(what);
  }

  /** Ends it now, as not passed: nobody waits for its answer any more. */
  giveUp(): void {
    this.#end?.(false);
  }
}
