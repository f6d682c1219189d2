// What has to be undone when the lab ends, last things first, each whatever becomes of the others.

/** A stack of endings. */
export class Endings {
  readonly #endings: (() => Promise<unknown>)[] = [];

  /** Adds one. */
  add(ending: () => Promise<unknown>): void {
    this.#endings.push(ending);
  }

  /** Runs all of them, once; resolves to what went wrong. */
  async run(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (let ending = this.#endings.pop(); ending !== undefined; ending = this.#endings.pop()) {
      await ending().catch((error: unknown) => errors.push(error));
    }
    return errors;
  }
}
