// One connection as a line: the statements under way on it, in the order in which the server answers them.

import { systemClock } from '../core/index.ts';
import { Batch } from './batch.ts';
import { cancelStatement } from './cancel.ts';
import { type DriverConnection, isBusy, type PipelinedClient } from './driver.ts';
import { isFatal, isServers } from './failures.ts';
import { PreparedNames } from './names.ts';
import type { Sending } from './sending.ts';

/** What was written and has not left is kept in memory: beyond this a line takes no more. */
const mostUnsentBytes = 1_048_576;

/** What a statement takes of a line. */
export interface Claim {
  /** The time that the server is expected to take for it, in milliseconds. */
  readonly costMs: number;
  /** About as many bytes are written for it. */
  readonly bytes: number;
  /** Whether nothing may be written behind it: it may wait for another session's lock. */
  readonly isLast: boolean;
}

/** Who keeps the lines of a pool. */
export interface LineKeeper {
  /** The limit for a cancel, and again for its effect, in milliseconds. */
  readonly cancelLimitMs: number;
  /** pg's `stream` option. */
  readonly stream: unknown;
  /** Something may be under way on one of the lines; or others wait behind it, and it may stall. */
  inUse(mayStall: boolean): void;
  /** A line has statements that leave at the end of the turn. */
  hasBatch(line: Line): void;
}

/** One connection and the statements under way on it. */
export class Line {
  readonly client: PipelinedClient;
  /** When it was opened, in monotonic milliseconds. */
  readonly openedAt: number = systemClock.now();
  readonly names: PreparedNames;
  readonly #keeper: LineKeeper;
  /** The driver's own limit for statements, for the users of the client. */
  readonly #usersTimeout: unknown;
  #sendings: Sending[] = [];
  /** Statements that will be sent here or have been, and are not answered. */
  #load = 0;
  #expectedMs = 0;
  /** Statements that will be sent here and have not been, and their bytes. */
  #awaited = 0;
  #awaitedBytes = 0;
  #closed = false;
  readonly #batch: Batch;
  #isGathering = false;
  #headSince = 0;
  #cancelling: Promise<unknown> | undefined;
  #isProving = false;
  #isLentToUser = false;
  #bytesRead = 0;
  #spokeAt = 0;
  /** The server is being asked what it does in the session. */
  isAskedAbout = false;
  /** It was asked since it last spoke. */
  wasAsked = false;
  /** Others that were opened with it are dead. */
  isDoubted = false;

  constructor(client: PipelinedClient, keeper: LineKeeper) {
    this.client = client;
    this.names = new PreparedNames(client.connection);
    this.#batch = new Batch(client.connection);
    this.#keeper = keeper;
    this.#usersTimeout = client.connectionParameters?.query_timeout;
    client.on('error', (error) => this.#died(error));
    client.once('end', () => this.#died(new Error('Connection terminated unexpectedly')));
  }

  /** The statements under way; the server works on the first. */
  get sendings(): readonly Sending[] {
    return this.#sendings;
  }

  /** Since when the first of its statements has had the server to itself, in monotonic milliseconds. */
  get headSince(): number {
    return this.#headSince;
  }

  /** Whether one more statement may share the line. */
  takes({ costMs, bytes, isLast }: Claim, budgetMs: number): boolean {
    if (this.#closed || this.#cancelling !== undefined) return false;
    if (this.#load === 0) return true;
    return (
      this.#expectedMs + costMs <= budgetMs &&
      this.#awaitedBytes + this.#batch.unsentBytes + bytes <= mostUnsentBytes &&
      !(isLast && this.#awaited > 0)
    );
  }

  /** A statement will be sent here: it counts from now on. */
  claim({ costMs, bytes, isLast }: Claim): void {
    this.#load++;
    this.#expectedMs += costMs;
    this.#awaited++;
    this.#awaitedBytes += bytes;
    if (isLast) this.#closed = true;
  }

  /** It will not be sent after all. */
  disclaim(claim: Claim): void {
    this.#arrived(claim);
    this.#unload(claim.costMs);
  }

  #arrived({ bytes }: Claim): void {
    this.#awaited--;
    this.#awaitedBytes -= bytes;
  }

  #unload(costMs: number): void {
    this.#expectedMs -= costMs;
    if (--this.#load > 0) return;
    this.#closed = false;
    // What is added and taken away in fractions does not always come out even.
    this.#expectedMs = 0;
  }

  /** Nothing more is sent until all that is under way is answered. */
  close(): void {
    this.#closed = true;
  }

  /** What is sent now shows whether the connection, idle for long, still lives. */
  prove(): void {
    this.#isProving = true;
  }

  /** Whether that is still to be seen. */
  get isProving(): boolean {
    return this.#isProving;
  }

  /** Whether others wait for the first of its statements, or it is to show that the connection lives. */
  get mayStall(): boolean {
    return this.#sendings.length > 1 || (this.#isProving && this.#sendings.length === 1);
  }

  /** Whether something may be under way. */
  get isInUse(): boolean {
    return this.#isLentToUser || this.#sendings.length > 0;
  }

  /** How long the server has said nothing though something is under way, as far as can be seen at `now`. */
  silentMs(now: number): number {
    const { bytesRead } = this.client.connection.stream;
    if (bytesRead !== this.#bytesRead || !isBusy(this.client)) {
      this.#bytesRead = bytesRead;
      this.#spokeAt = now;
      this.wasAsked = false;
      this.isDoubted = false;
    }
    return now - this.#spokeAt;
  }

  /** The server is at work: silence counts from now. */
  spoke(): void {
    this.#spokeAt = systemClock.now();
  }

  /** A user has given the client back. */
  returned(): void {
    this.#isLentToUser = false;
  }

  /** Makes the client ready for the pool's statements, or for a user of its own. */
  lendTo(whom: 'pool' | 'user', usersPipeline: boolean): void {
    if (this.#sendings.length > 0) return;
    const { client } = this;
    client.pipeline = whom === 'pool' || usersPipeline;
    // The driver keeps its limit by destroying the socket, under the neighbours.
    if (this.#usersTimeout)
      client.connectionParameters!.query_timeout = whom === 'pool' ? 0 : this.#usersTimeout;
    this.#isLentToUser = whom === 'user';
    this.#spokeAt = systemClock.turnNow().ms;
    this.#keeper.inUse(this.#isProving);
  }

  /** Writes a statement that was claimed for; it leaves with the others of this turn. */
  send(sending: Sending): void {
    if (this.#sendings.length === 0) this.#headSince = systemClock.turnNow().ms;
    this.#arrived(sending.request);
    this.#sendings.push(sending);
    if (this.#sendings.length === 2) this.#keeper.inUse(true);
    this.client.query(sending);
    if (this.#batch.isLarge) this.#batch.leave();
    else if (!this.#isGathering) {
      this.#isGathering = true;
      this.#keeper.hasBatch(this);
    }
  }

  /** Where the driver is to write its statements. */
  get writer(): DriverConnection {
    return this.#batch.writer;
  }

  /** The same for statements whose rows are known. */
  get knowingWriter(): DriverConnection {
    return this.#batch.knowingWriter;
  }

  /** The end of the turn. */
  leave(): void {
    this.#isGathering = false;
    this.#batch.leave();
  }

  /** The server, or the driver itself, complained while the first statement was under way. */
  complained(error: unknown): void {
    if (isFatal(error, this.client)) this.#died(error);
    // After an error the driver tells the statement no more; behind its own listener, it has done with it when the line takes it off.
    else this.client.connection.once('readyForQuery', () => this.ready());
  }

  /** The server has answered the first statement, and is ready for the next. */
  ready(): void {
    const sending = this.#sendings.shift();
    if (sending === undefined) return;
    const status = this.client.getTransactionStatus?.();
    this.#isProving = false;
    this.#headSince = systemClock.turnNow().ms;
    this.#unload(sending.request.costMs);
    const isQuiet = status === 'I';
    // A cancel on its way would hit whatever comes next.
    if (this.#cancelling !== undefined) void this.#cancelling.then(() => sending.answered(isQuiet));
    else sending.answered(isQuiet);
    if (!isQuiet && this.#sendings.length > 0) this.#leftOpen();
  }

  /**
   * Nobody waits for a statement any more: it is cancelled on the server if no other would be hit, else it runs out. The connection is
   * free when the server has taken the cancel and is quiet; when it does not become quiet, the connection is closed.
   */
  abandon(sending: Sending): void {
    if (this.#sendings.length !== 1 || this.#sendings[0] !== sending) return;
    this.#closed = true;
    this.#cancelling = this.#cancel(sending);
  }

  async #cancel(sending: Sending): Promise<void> {
    const { cancelLimitMs: limitMs, stream } = this.#keeper;
    const { sent } = await cancelStatement(this.client, { limitMs, stream });
    if (this.#sendings[0] !== sending) {
      // It had ended before: the server may still be about to cancel what comes next, and may have this.
      if (sent) await new Promise<void>((resolve) => void this.client.query('', undefined, () => resolve()));
      this.#cancelling = undefined;
      return;
    }
    this.#cancelling = undefined;
    const late = (): void => {
      if (this.#sendings[0] === sending) this.destroy(new Error(`still busy ${limitMs} ms after a cancel`));
    };
    systemClock.setTimer(late, limitMs).keepAlive(false);
  }

  /** Ends the connection: nothing that is under way will be answered. */
  destroy(why: Error): void {
    this.#died(why);
    this.client.connection.stream.destroy(why);
  }

  /** A statement has left a transaction open: whoever stands behind it must not be answered out of it. */
  #leftOpen(): void {
    this.destroy(new Error('a statement before it on the same connection left a transaction open'));
  }

  /** Nothing that is under way will be answered. */
  #died(error: unknown): void {
    const sendings = this.#sendings;
    if (sendings.length === 0) return;
    this.#sendings = [];
    this.#closed = true;
    // The server ends a session between statements or in one: what stands behind the first has not been begun.
    const told = isServers(error);
    for (const [index, sending] of sendings.entries()) sending.lost(error, told && index > 0);
  }
}
