// Tells whether a pooler such as PgBouncer stands between, where a name prepared for one statement may be unknown to the next, or mean another text.
// PgBouncer documentation, "SQL feature map for pooling modes"; PostgreSQL documentation, "Message Formats", BackendKeyData.

import { DriverQuery } from './driver.ts';
import { isServers } from './failures.ts';
import type { Line } from './line.ts';

// As text, by the server: the types that a program has given the driver make no difference.
const question = 'select pg_catalog.pg_backend_pid()::text as pid';

/**
 * Whether a pool may use names of its own. A pooler gives its clients numbers of its own, since a cancel must reach the pooler first: where the
 * session that answers has another number than the client was given, there is one. Its mode cannot be told from outside: in transaction mode
 * too a client is given the same session again and again while few others want one, so names stay off behind any pooler.
 */
export class Pooler {
  readonly #given: boolean | undefined;
  #state: 'unasked' | 'wanted' | 'asked' | 'direct' | 'between' = 'unasked';

  /** @param given - the user's own decision; without one it is found out */
  constructor(given: boolean | undefined) {
    this.#given = given;
  }

  /** Whether the statement at hand may have a name. Where that is not known yet, it will be asked along with this one. */
  allowsNames(): boolean {
    if (this.#given !== undefined) return this.#given;
    if (this.#state === 'unasked') this.#state = 'wanted';
    return this.isAbsent;
  }

  /** Whether a name keeps its meaning from one statement to the next: behind a pooler another session may answer, which has prepared it later. */
  get isAbsent(): boolean {
    return this.#state === 'direct';
  }

  /** Asks, if that is wanted, in one piece with the statement that is sent next. */
  askIfWanted(line: Line): void {
    if (this.#state !== 'wanted') return;
    this.#state = 'asked';
    line.client.query(
      new Question(line, (error, result) => {
        // A doubt that came up meanwhile, or an answer for a second time.
        if (this.#state === 'asked') this.#state = heard(line, error, result);
      }),
    );
  }

  /** The server did not have a name, or had it from elsewhere: either somebody has cleared the session, or a pooler stands there by now. */
  doubt(): void {
    if (this.#state !== 'between') this.#state = 'unasked';
  }
}

function heard(line: Line, error: unknown, result: unknown): 'unasked' | 'direct' | 'between' {
  // What dies is asked no more, another is; what refuses to say stands for something that is no plain PostgreSQL.
  if (error) return isServers(error) ? 'between' : 'unasked';
  const { rows } = result as { rows: readonly { readonly pid: unknown }[] };
  return rows[0]?.pid === String(line.client.processID) ? 'direct' : 'between';
}

/** The question, written where the line gathers what leaves together: it must not overtake what the driver has sent before. */
class Question extends DriverQuery {
  readonly #line: Line;

  constructor(line: Line, callback: (error: unknown, result: unknown) => void) {
    super(question);
    this.#line = line;
    this.callback = callback;
  }

  override submit(): Error | null {
    return super.submit(this.#line.writer);
  }
}
