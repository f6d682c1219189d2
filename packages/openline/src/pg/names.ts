// The prepared statements of one session: which names it knows, in the order of their use, and which of them are to be closed.

import type { Description } from './description.ts';
import type { DriverConnection } from './driver.ts';

/** Names a session keeps at most; each costs the server a plan. */
const mostNames = 100;

/** The prepared names of one session. The driver notes the names that were parsed; here stand Openline's own of them. */
export class PreparedNames {
  readonly #connection: DriverConnection;
  /** The least recently used first, each with what its rows look like once that is known. */
  readonly #names = new Map<string, Description | undefined>();
  readonly #toClose = new Set<string>();

  constructor(connection: DriverConnection) {
    this.#connection = connection;
  }

  /** The text that is prepared under a name. */
  text(name: string): string | undefined {
    return this.#connection.parsedStatements?.[name];
  }

  /** Whether a name is being prepared: should that fail, whoever used it behind would fail with it. */
  isPending(name: string): boolean {
    return this.#connection.submittedNamedStatements?.[name] !== undefined;
  }

  /** One of Openline's own names is used. Says which name must be closed before, if one must. */
  use(name: string): string | undefined {
    const description = this.description(name);
    this.#names.delete(name);
    this.#names.set(name, description);
    const closes = this.toClose(name);
    if (closes !== undefined || this.#names.size <= mostNames) return closes;
    const [oldest] = this.#names.keys();
    this.#names.delete(oldest!);
    this.#drop(oldest!);
    return oldest;
  }

  /**
   * What the rows of a name look like, for as long as it is prepared: what changes that makes the server refuse the name.
   * PostgreSQL source, RevalidateCachedQuery: "cached plan must not change result type".
   */
  description(name: string): Description | undefined {
    return this.text(name) === undefined ? undefined : this.#names.get(name);
  }

  /** The server has said it. */
  described(name: string, description: Description): void {
    // What comes late, of a name that was closed meanwhile and is prepared anew, says nothing of that.
    if (this.text(name) !== undefined && this.#names.has(name)) this.#names.set(name, description);
  }

  /** A name that is about to be prepared: itself, if the server may still have it. */
  toClose(name: string): string | undefined {
    return this.#toClose.delete(name) ? name : undefined;
  }

  /** The server does not know the name, or no longer takes it. */
  forget(name: string): void {
    this.#names.delete(name);
    this.#drop(name);
    this.#toClose.add(name);
  }

  #drop(name: string): void {
    delete this.#connection.parsedStatements?.[name];
  }
}
