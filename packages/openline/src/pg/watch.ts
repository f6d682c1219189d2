// Looks after the lines with work under way: tells a slow server from a silent one, and sends on who stands behind a statement that stalls.

import { RequestTimeoutError, systemClock, type TimerHandle } from '../core/index.ts';
import type { Line } from './line.ts';
import type { LineTable } from './lines.ts';
import type { SessionState } from './session-state.ts';

/** Silence is looked for so often within its limit, and when the limit is over. */
const looksPerLimit = 40;
const shortestLookMs = 5;
const longestLookMs = 500;
/** A short statement that takes longer than this has stalled; the shortest way to the server and back counts twice on top. */
const stalledMs = 50;

/** The server is asked about a short statement that is silent for so long, and so many times the way to the server. */
const doubtfulMs = 1_000;
const reachesToDoubt = 10;
/** Questions to the server at once, each over a connection of its own. */
const mostAsking = 3;
/** A connection that was idle for long, and asked nothing but a short read, has so long to answer. */
const provingLimitMs = 5_000;

// Taken when the module loads, so that a test's fake timers cannot stop it.
const realSetImmediate = setImmediate;

/** What the watch asks of the pool. */
export interface Watched {
  readonly poolName: string;
  readonly readTimeoutMs: number;
  /** Whether there is, or can be, another connection to go to. */
  hasRoom(): boolean;
  /** Asks the server, over a connection of its own, what it does in the session; rejects when it does not answer in time. */
  ask(line: Line): Promise<SessionState>;
  /** A line was silent for good. */
  foundDead(): void;
}

/** Watches the lines of one pool, as long as something is under way on one of them. */
export class Watch {
  readonly #lines: LineTable;
  readonly #watched: Watched;
  readonly #everyMs: number;
  #asking = 0;
  #timer: TimerHandle | undefined;
  #lookAt = Number.POSITIVE_INFINITY;

  constructor(lines: LineTable, watched: Watched) {
    this.#lines = lines;
    this.#watched = watched;
    const { readTimeoutMs } = watched;
    this.#everyMs = Math.max(shortestLookMs, Math.min(longestLookMs, readTimeoutMs / looksPerLimit));
  }

  /** Something is under way, of which silence alone can tell, or a stall too. */
  start(mayStall: boolean): void {
    const now = systemClock.turnNow().ms;
    this.#lookBy(now + (mayStall ? this.#stalledMs : this.#everyMs), now);
  }

  #lookBy(at: number, now: number): void {
    // A look that is nearly as early will do.
    if (at >= this.#lookAt - shortestLookMs) return;
    this.#timer?.cancel();
    this.#lookAt = at;
    this.#timer = systemClock.setTimer(this.#soon, at - now);
    this.#timer.keepAlive(false);
  }

  get #stalledMs(): number {
    return stalledMs + 2 * this.#lines.reachMs;
  }

  // What has come while the process was busy is read first: a timer of a busy process would find silence where there was none.
  readonly #soon = (): void => void realSetImmediate(this.#look);

  readonly #look = (): void => {
    this.#timer = undefined;
    this.#lookAt = Number.POSITIVE_INFINITY;
    const now = systemClock.now();
    const { readTimeoutMs } = this.#watched;
    let next = Number.POSITIVE_INFINITY;
    for (const line of this.#lines) {
      if (!line.isInUse) continue;
      const silentMs = line.silentMs(now);
      if (silentMs >= readTimeoutMs) this.#ask(line, true);
      else if (silentMs >= this.#doubtfulMs(line)) this.#ask(line, false);
      next = Math.min(next, now + this.#everyMs, now + Math.max(readTimeoutMs - silentMs, shortestLookMs));
      if (!line.mayStall) continue;
      const stallsAt = line.headSince + this.#stalledMs;
      if (stallsAt <= now) this.#stalled(line, now);
      next = Math.min(next, stallsAt <= now ? now + this.#stalledMs : stallsAt);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#lookBy(next, now);
  };

  /**
   * The first statement does not end: those behind it are sent again elsewhere, once each; the first too, where it was to show whether the
   * connection lives.
   */
  #stalled(line: Line, now: number): void {
    const { sendings, isProving } = line;
    if (isProving && line.silentMs(now) > provingLimitMs) {
      const found = 'the connection had been idle, and answers no more';
      line.destroy(new Error(found));
      this.#othersMayBeDead();
      return;
    }
    if (!this.#watched.hasRoom()) return;
    line.close();
    for (const sending of isProving ? sendings : sendings.slice(1)) {
      if (sending.request.moved || sending.request.profile.kind !== 'read') continue;
      sending.request.moved = true;
      sending.sendAgain(new Error('the statement before it on the same connection does not end'));
    }
  }

  /** How long a line may be silent before the server is asked about it: not long, where a short statement is under way. */
  #doubtfulMs(line: Line): number {
    if (line.wasAsked) return Number.POSITIVE_INFINITY;
    if (line.isDoubted) return this.#stalledMs;
    const [first] = line.sendings;
    return first !== undefined && first.request.costMs < doubtfulMs
      ? doubtfulMs + reachesToDoubt * this.#lines.reachMs
      : Number.POSITIVE_INFINITY;
  }

  /** @param isOver - the read timeout has come: whoever does not prove to be alive, is dead */
  #ask(line: Line, isOver: boolean): void {
    if (line.isAskedAbout || this.#asking >= mostAsking) return;
    line.isAskedAbout = true;
    this.#asking++;
    const answered = (state: SessionState | 'silent', why = ''): void => {
      this.#asking--;
      line.isAskedAbout = false;
      line.wasAsked = true;
      if (isOver) this.#judge(line, state, why);
      else if (state === 'idle' || state === 'gone') this.#bury(line, state);
    };
    this.#watched.ask(line).then(answered, (error: Error) => answered('silent', error.message));
  }

  /** The server has nothing to say that has not been said: what was sent, or its answer, was lost on the way. */
  #bury(line: Line, state: SessionState): void {
    // The answer came while the server was asked.
    if (line.silentMs(systemClock.now()) < stalledMs) return;
    line.destroy(new Error(`the connection is dead: to the server its session is ${state}`));
    this.#othersMayBeDead();
  }

  #judge(line: Line, state: SessionState | 'silent', why: string): void {
    const { poolName, readTimeoutMs: limitMs } = this.#watched;
    if (state === 'running' || state === 'unknown') {
      line.spoke();
      return;
    }
    if (line.silentMs(systemClock.now()) < limitMs) return;
    const found =
      state === 'silent'
        ? `Asked over another connection, the server did not answer either: ${why}.`
        : `To the server the session is ${state}: the line is dead, or the answer was lost.`;
    const told = `${found} The statement may have run; the connection is closed, and the others will be replaced.`;
    line.destroy(new RequestTimeoutError(poolName, { option: 'readTimeoutMs', limitMs, told }));
    this.#othersMayBeDead();
  }

  #othersMayBeDead(): void {
    this.#watched.foundDead();
    for (const line of this.#lines) {
      if (line.isInUse) line.isDoubted = true;
    }
    const now = systemClock.now();
    this.#lookBy(now + shortestLookMs, now);
  }
}
