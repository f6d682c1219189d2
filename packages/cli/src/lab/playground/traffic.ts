// Customers: they come at a rate, whatever becomes of those before them, as on the open internet.

/** Beyond this many at once customers stay away: the shop is to be in trouble, not the machine. */
const mostUnderWay = 500;

/** Brings customers until it is stopped. */
export class Traffic {
  /** How many come, a second, on the average. */
  perSecond: number;
  readonly #serve: () => Promise<unknown>;
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(perSecond: number, serve: () => Promise<unknown>) {
    this.perSecond = perSecond;
    this.#serve = serve;
    this.#next();
  }

  /** So many come at this moment. */
  burst(customers: number): void {
    for (let customer = 0; customer < customers; customer += 1) this.#come();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    // Independent of each other, so the gaps between them are exponential.
    const gapMs = (-Math.log(1 - Math.random()) * 1_000) / this.perSecond;
    this.#timer = setTimeout(() => {
      this.#come();
      this.#next();
    }, gapMs);
  }

  /** One who is not served is nothing to this traffic: the dashboard shows it. */
  #come(): void {
    if (this.#underWay >= mostUnderWay) return;
    this.#underWay += 1;
    const gone = (): void => {
      this.#underWay -= 1;
    };
    this.#serve().then(gone, gone);
  }
}
