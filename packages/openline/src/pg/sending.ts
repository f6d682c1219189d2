// One statement on its way on one connection: pg's own statement object, which keeps what the server says until all of it is there.

import { type Lease, RequestTimeoutError } from '../core/index.ts';
import { Description } from './description.ts';
import { type DriverClient, type DriverConnection, DriverQuery } from './driver.ts';
import { isServers } from './failures.ts';
import type { Line } from './line.ts';
import type { Request } from './request.ts';
import { type LoopReading, outsideMs, readLoop } from './server-time.ts';

/** The statement was not answered, and is to be sent again. */
export const again: unique symbol = Symbol('again');

/** How a statement is sent, this time. */
export interface SendingManner {
  /** The prepared name to be used. */
  readonly name: string | undefined;
  /** A prepared name to be closed before. */
  readonly closes: string | undefined;
  /** What its rows look like, where the server need not say it. */
  readonly description: Description | undefined;
  /** Whether its time on the server is to be measured. */
  readonly timed: boolean;
  /** Whether the server had nothing to do before it: then its way there can be measured too. */
  readonly isFirst: boolean;
}

/** Who sends, and is told the end. */
export interface Sender {
  /** When the last turn of the event loop ended, as far as is known. */
  readonly lastTurnAt: number;
  /** A statement took so long to reach the server and be parsed there. */
  reached(ms: number): void;
  /** The server had lost one of Openline's own names, or had it already. */
  nameLost(): void;
  /** The connection is free of it. `fatal`: what has killed the connection; `error`: what the statement failed with. */
  ended(sending: Sending, fatal: unknown, error: unknown): void;
}

/** A read whose connections die one after another is sent again so often. */
const mostResent = 3;

/** What a server says of a prepared name that it does not know (any more), or whose result has changed. */
const nameRefused = new Set<unknown>(['26000', '0A000']);
/** What it says of one that it has already. */
const nameTaken = '42P05';

const noColumns = { fields: [] };

/** A statement on its way. Its line tells it when it is answered, or that it never will be. */
export class Sending extends DriverQuery {
  readonly request: Request;
  readonly lease: Lease<DriverClient>;
  readonly manner: SendingManner;
  readonly #line: Line;
  readonly #sender: Sender;
  #failure: unknown;
  #goesAgain = false;
  #settled = false;
  #limits: { end(): void } | undefined;
  #written: LoopReading | undefined;
  #executing: LoopReading | undefined;
  #onNoData: (() => void) | undefined;
  #isDescribed = false;
  #isToDescribe = false;

  constructor(
    request: Request,
    manner: SendingManner,
    line: Line,
    lease: Lease<DriverClient>,
    sender: Sender,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    const { text, rowMode, types, queryMode } = request.config;
    // The driver copies a config, at a price.
    super(rowMode === undefined && types === undefined ? text : { text, rowMode, types });
    this.values = request.values;
    this.name = manner.name;
    this.queryMode = request.profile.kind === 'read' ? 'extended' : queryMode;
    this.request = request;
    this.manner = manner;
    this.lease = lease;
    this.#line = line;
    this.#sender = sender;
    // Tools that watch the driver put their own function in its place, around it.
    this.callback = (error, result) => {
      if (this.#goesAgain) resolve(again);
      else if (error) reject(error);
      else resolve(result);
    };
  }

  /** Whether the caller has been told its end: what the server still says is for nobody. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Has its limits watched until its caller is told its end. */
  watchedBy(limits: { end(): void }): void {
    this.#limits = limits;
  }

  // The driver writes where the line gathers what leaves together.
  override submit(): Error | null {
    return super.submit(this.#line.writer);
  }

  override prepare(connection: DriverConnection): void {
    const { closes, timed, description } = this.manner;
    if (timed) this.#time();
    if (closes !== undefined) connection.close({ type: 'S', name: closes });
    if (description === undefined) {
      super.prepare(connection);
      return;
    }
    this.#isToDescribe = description !== Description.none;
    super.prepare(this.#line.knowingWriter);
  }

  #time(): void {
    this.#written = readLoop();
    // What returns no rows is described by a message of which the driver tells its statement nothing.
    if (this.request.profile.kind === 'read') return;
    this.#onNoData = () => this.#begins();
    this.#line.client.connection.once('noData', this.#onNoData);
  }

  #begins(): void {
    if (this.manner.isFirst) this.#sender.reached(outsideMs(this.#written!, this.#sender.lastTurnAt));
    this.#executing = readLoop();
  }

  override _getRows(connection: DriverConnection, rows: unknown): void {
    // The server tells what it has parsed before it executes: what comes later has taken the statement's own time.
    if (this.manner.timed) connection.flush();
    super._getRows(connection, rows);
  }

  override handleRowDescription(message: unknown): void {
    if (this.#written !== undefined) this.#begins();
    this.#isDescribed = true;
    this.#describe(() => super.handleRowDescription(message));
    if (this._canceledDueToError || !this.#teaches) return;
    const description = Description.of(this._result);
    if (description !== undefined) this.#line.names.described(this.manner.name!, description);
  }

  /** Whether its answer tells what nobody knows yet: what the rows of a name of Openline's own look like. */
  get #teaches(): boolean {
    const { name, description } = this.manner;
    // Where the server was not asked, what it does not say means nothing.
    return (
      description === undefined &&
      name === this.request.profile.name &&
      this.#line.names.description(name) === undefined
    );
  }

  override handleDataRow(message: unknown): void {
    if (this.#isToDescribe) this.#describeAsKnown();
    super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: DriverConnection): void {
    if (this.#isToDescribe) this.#describeAsKnown();
    super.handleCommandComplete(message, connection);
  }

  // Not before the answer comes: what is made earlier lives longer, and costs more.
  #describeAsKnown(): void {
    this.#isToDescribe = false;
    this.#describe(() => {
      // The driver notes that rows will come, and whether it is to keep them.
      super.handleRowDescription(noColumns);
      this.manner.description!.describe(this._result);
    });
  }

  // A type parser of the user's must not throw through the driver, past the answers of the neighbours.
  #describe(how: () => void): void {
    try {
      how();
    } catch (error) {
      this._canceledDueToError = error;
    }
  }

  override handleError(error: unknown): void {
    this.#failure ??= this._canceledDueToError || error;
    this.#line.complained(error);
  }

  override handleReadyForQuery(): void {
    this.#failure ??= this._canceledDueToError || undefined;
    this.#line.ready();
  }

  /** All of the answer is there. `isQuiet`: no transaction is open. */
  answered(isQuiet: boolean): void {
    const { request, manner } = this;
    if (this.#executing !== undefined)
      request.profile.took(outsideMs(this.#executing, this.#sender.lastTurnAt));
    if (this.#onNoData !== undefined) this.#line.client.connection.off('noData', this.#onNoData);
    const refused = this.#failure !== undefined && this.#isRefused(codeOf(this.#failure));
    if (refused) this.#line.names.forget(manner.name!);
    if (this.#failure === undefined && !this.#isDescribed && this.#teaches)
      this.#line.names.described(manner.name!, Description.none);
    this.#sender.ended(this, undefined, this.#failure);
    if (refused && isQuiet && !request.unnamed) {
      request.unnamed = true;
      this.sendAgain(this.#failure as Error);
    } else this.#settle();
  }

  #isRefused(code: unknown): boolean {
    const { name } = this.manner;
    if (name === undefined) return false;
    const isOwn = name === this.request.profile.name;
    if (isOwn && (code === '26000' || code === nameTaken)) this.#sender.nameLost();
    return nameRefused.has(code) || (isOwn && code === nameTaken);
  }

  /** It will not be answered: the connection has died. */
  lost(error: unknown, neverRan: boolean): void {
    this.#sender.ended(this, error, error);
    const { request } = this;
    // A server that says itself that it ends a statement, means it; silence has lasted as long as it may.
    const isMeant = isServers(error) || error instanceof RequestTimeoutError;
    const mayGoAgain =
      neverRan || (request.profile.kind === 'read' && !isMeant && request.resent < mostResent);
    if (mayGoAgain) this.sendAgain(error as Error);
    else this.fail(withOutcome(error));
  }

  /** Tells the caller an error, whatever the server will answer. */
  fail(error: unknown): void {
    if (this.#settled) return;
    this.#failure = error;
    this.#settle();
  }

  /** Has the request sent again; `why` is for tools that watch the driver. */
  sendAgain(why: Error): void {
    if (this.#settled) return;
    this.#goesAgain = true;
    this.request.resent++;
    this.fail(why);
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#limits?.end();
    // The driver's own form: without an error it is null.
    if (this.#failure === undefined) this.callback!(null, this._results);
    else this.callback!(this.#failure as Error);
  }
}

/** The error with a word on what became of the statement: nobody can tell. */
function withOutcome(error: unknown): unknown {
  if (!(error instanceof Error) || 'outcome' in error) return error;
  return Object.defineProperty(error, 'outcome', { value: 'unknown', enumerable: false });
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
