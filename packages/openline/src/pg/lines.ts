// The lines of one pool: which of them a statement shares, and when what was written leaves.

import type { Line as PlacedLine, Lines as PoolLines } from '../core/index.ts';
import { systemClock } from '../core/index.ts';
import { canPipeline, type DriverClient } from './driver.ts';
import { Line, type LineKeeper } from './line.ts';
import type { Request } from './request.ts';

/** The statements of one turn share a line as long as the server is busy with them no longer than this: what it costs to wake another line is small beside it. */
const shareMs = 0.5;
/** Statements on one line at most. */
const mostSharing = 1_000;
/** Weight of the newest time in the running mean. */
const newest = 1 / 8;

// Taken when the module loads: a test's fake timers must not keep back what was written.
const realSetImmediate = setImmediate;

/** The lines of one pool. */
export class LineTable implements LineKeeper {
  readonly cancelLimitMs: number;
  readonly stream: unknown;
  readonly #lines = new Map<DriverClient, Line>();
  #gathering: Line[] = [];
  /** The line that the statements of this turn share. */
  #turn: PlacedLine<DriverClient> | undefined;
  #reachMs = 0;
  /** When the last turn ended at which something was sent. */
  lastTurnAt: number = Number.NEGATIVE_INFINITY;

  /**
   * @param cancelLimitMs - the limit for a cancel, in milliseconds
   * @param stream - pg's option
   */
  constructor(cancelLimitMs: number, stream: unknown) {
    this.cancelLimitMs = cancelLimitMs;
    this.stream = stream;
  }

  /** Told that something may be under way on a line. */
  onUse: (mayStall: boolean) => void = () => undefined;

  inUse(mayStall: boolean): void {
    this.onUse(mayStall);
  }

  [Symbol.iterator](): Iterator<Line> {
    return this.#lines.values();
  }

  /** A client has connected. */
  add(client: DriverClient): void {
    if (canPipeline(client)) this.#lines.set(client, new Line(client, this));
  }

  remove(client: DriverClient): void {
    this.#lines.delete(client);
  }

  /** The line of a client; nothing for one that cannot be written to before it has answered. */
  of(client: DriverClient): Line | undefined {
    return this.#lines.get(client);
  }

  /** A statement took so long to reach the server. */
  reached(ms: number): void {
    this.#reachMs += (ms - this.#reachMs) * newest;
  }

  /** The time that a statement takes to the server and back, in milliseconds. */
  get reachMs(): number {
    return this.#reachMs;
  }

  /** The time on the server that one turn's statements on one line may have together: over a long way, as long as the way is. */
  get budgetMs(): number {
    return Math.max(shareMs, this.#reachMs);
  }

  capacity(client: DriverClient): number {
    return this.#lines.has(client) ? mostSharing : 1;
  }

  /** All statements of a turn on one line, which is idle at first, until there are enough of them. */
  place(lines: PoolLines<DriverClient>, claim: unknown): PlacedLine<DriverClient> | undefined {
    const request = claim as Request;
    const placed = this.#placeOnTurns(lines, request) ?? this.#placeOnIdle(lines, request);
    if (placed?.connection !== undefined) this.#lines.get(placed.connection)?.claim(request);
    return placed;
  }

  #placeOnTurns(lines: PoolLines<DriverClient>, request: Request): PlacedLine<DriverClient> | undefined {
    const turn = this.#turn;
    if (turn?.connection === undefined || !lines.takes(turn)) return undefined;
    return this.#lines.get(turn.connection)?.takes(request, this.budgetMs) ? turn : undefined;
  }

  #placeOnIdle(lines: PoolLines<DriverClient>, { profile }: Request): PlacedLine<DriverClient> | undefined {
    const fresh = lines.idle();
    // A read can be sent again elsewhere: it is itself the question whether the connection lives.
    const idle = fresh ?? (profile.kind === 'read' ? lines.unasked() : undefined);
    if (idle === undefined) return undefined;
    if (fresh === undefined) this.#lines.get(idle.connection!)?.prove();
    this.#turn = idle;
    return idle;
  }

  hasBatch(line: Line): void {
    if (this.#gathering.length === 0) realSetImmediate(this.#endTurn);
    this.#gathering.push(line);
  }

  readonly #endTurn = (): void => {
    const gathering = this.#gathering;
    this.#gathering = [];
    this.#turn = undefined;
    this.lastTurnAt = systemClock.now();
    for (const line of gathering) line.leave();
  };
}
