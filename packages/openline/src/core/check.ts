// Validation and reset: what is asked of an open connection between two leases, within a limit.

import type { Clock } from './clock.ts';
import type { CheckContext } from './connector.ts';
import type { Lease } from './lease.ts';
import type { Slot } from './slot.ts';

/** One check under way; its signal is made only if the connector asks for it. */
export class Check implements CheckContext {
  #controller: AbortController | undefined;
  #over = false;
  #end: ((passed: boolean) => void) | undefined;

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

  /** Whether the time for it is over, or it has its answer. */
  get isOver(): boolean {
    return this.#over;
  }

  dirty(_what: string): void {}

  /** Ends it now, as not passed: nobody waits for its answer any more. */
  giveUp(): void {
    this.#end?.(false);
  }
}

/** Told what a lease left behind. */
export type DirtyListener<C> = (slot: Slot<C>, lease: Lease<C>, what: string) => void;

/** The reset after one lease. */
export class Reset<C> extends Check {
  readonly #slot: Slot<C>;
  readonly #lease: Lease<C>;
  readonly #tell: DirtyListener<C>;
  #begun = false;
  /** What was reported before the connection's state had changed: observers hear of it after that. */
  #found: string[] | undefined;

  constructor(slot: Slot<C>, lease: Lease<C>, tell: DirtyListener<C>) {
    super();
    this.#slot = slot;
    this.#lease = lease;
    this.#tell = tell;
  }

  override dirty(what: string): void {
    if (this.isOver) return;
    if (this.#begun) this.#tell(this.#slot, this.#lease, what);
    else {
      this.#found ??= [];
      this.#found.push(what);
    }
  }

  /** The connection's state has changed. */
  begun(): void {
    this.#begun = true;
    if (this.#found === undefined) return;
    for (const what of this.#found) this.#tell(this.#slot, this.#lease, what);
  }
}
