// How gently a pool tries to grow while the server has no room for more of its connections.

const firstHoldMs = 500;
const longestHoldMs = 5_000;
/** Room that appears is for all clients of the server: for so long after the last refusal, opens go one at a time. */
const cautiousForMs = 60_000;

/** The server is full, and the pool lives with the connections that it has. */
export class Fullness {
  #holdMs = 0;
  #heldUntil = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** When the next attempt may be made; 0 when the server was not full. */
  get nextAt(): number {
    return this.#heldUntil;
  }

  refused(now: number): void {
    this.#refusedAt = now;
    // Attempts that were under way together are refused together: they count as one step.
    if (now < this.#heldUntil) return;
    this.#holdMs = Math.min(Math.max(this.#holdMs * 2, firstHoldMs), longestHoldMs);
    this.#heldUntil = now + this.#holdMs;
  }

  /** An open succeeded. One that was under way beside a refused one says nothing of the room left. */
  opened(now: number): void {
    if (now >= this.#heldUntil) this.#holdMs = 0;
  }

  /** How many opens may be under way now. */
  allowance(now: number): number {
    if (now < this.#heldUntil) return 0;
    return now - this.#refusedAt < cautiousForMs ? 1 : Number.POSITIVE_INFINITY;
  }
}
