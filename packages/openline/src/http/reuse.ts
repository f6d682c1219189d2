// How long an idle connection to an origin may be reused: what the server says, and what it was seen to do.

/** A server closes when its own time is over, and its word is on the way meanwhile: of the time that it names, so much is left unused. */
const marginShare = 0.2;
const mostMarginMs = 2_000;
/** Of the age at which idle connections were seen to die, so much is used. */
const safeShare = 0.8;
/** Two deaths at ages this near to each other are a limit of the server's, not an accident. */
const likeShare = 0.25;
/** What died in the same moment died of the same cause: a restart tells nothing about a limit. */
const sameMomentMs = 20;
/** One death may be an accident, but a request that cannot be sent again had better not find out: so long it counts as if it were a limit. */
const suspectsForMs = 1_000;
/** What was learned doubles in this time: a server that has changed is found out. */
const doublesInMs = 600_000;

/** What a `Keep-Alive` header says (RFC 9112 names it; its parameters are those of RFC 2068, 19.7.1.1). */
export interface KeepAliveHint {
  /** How long the server keeps an idle connection, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** How many requests it takes yet. */
  readonly max: number | undefined;
}

/** Reads a `Keep-Alive` header. */
export function parseKeepAlive(value: string): KeepAliveHint {
  const seconds = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(value)?.[1];
  const max = /(?:^|[,;\s])max\s*=\s*"?(\d{1,9})/i.exec(value)?.[1];
  return {
    timeoutMs: seconds === undefined ? undefined : Number(seconds) * 1_000,
    max: max === undefined ? undefined : Number(max),
  };
}

/** What came back just now is alive. */
const surelyAliveMs = 1;
/** Ages are those that the client sees: the server's clock began when it answered, which may be a busy moment earlier. */
const distrustShare = 0.5;

/**
 * A request's connection died when it had been idle for so long, and the request is to be sent once more: from which idleness on other
 * connections are likely to die under it too, in milliseconds.
 */
export function distrustsFromMs(idleMs: number): number {
  return Math.max(surelyAliveMs, idleMs * distrustShare);
}

/** What the idle connections of one origin have lived to. */
export class ReuseLimits {
  #learnedMs = Number.POSITIVE_INFINITY;
  #learnedAt = 0;
  #lastDeath: { readonly ageMs: number; readonly at: number } | undefined;

  /**
   * How long a connection may be idle and still be reused, in milliseconds.
   *
   * @param hintMs - what the server said of this connection
   */
  limitMs(hintMs: number | undefined, now: number): number {
    const hinted =
      hintMs === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(0, hintMs - Math.min(hintMs * marginShare, mostMarginMs));
    return Math.min(hinted, this.#learned(now), this.#suspected(now));
  }

  #suspected(now: number): number {
    const last = this.#lastDeath;
    return last !== undefined && now - last.at < suspectsForMs
      ? last.ageMs * safeShare
      : Number.POSITIVE_INFINITY;
  }

  #learned(now: number): number {
    if (this.#learnedMs === Number.POSITIVE_INFINITY) return this.#learnedMs;
    return this.#learnedMs * safeShare * 2 ** ((now - this.#learnedAt) / doublesInMs);
  }

  /** A connection was closed by the server when it had been idle for so long. */
  died(ageMs: number, now: number): void {
    const last = this.#lastDeath;
    this.#lastDeath = { ageMs, at: now };
    if (last === undefined || now - last.at < sameMomentMs) return;
    if (Math.abs(ageMs - last.ageMs) > likeShare * Math.max(ageMs, last.ageMs)) return;
    this.#learnedMs = Math.min(ageMs, last.ageMs);
    this.#learnedAt = now;
  }
}
