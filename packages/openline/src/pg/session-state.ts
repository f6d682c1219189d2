// Tells a slow server from a silent line: asks over another connection what the server does in a session.
// PostgreSQL documentation, "pg_stat_activity" and "Wait Events".

import { type Clock, systemClock } from '../core/index.ts';
import type { DriverClient } from './driver.ts';

/**
 * What the server does in a session. `running`: it works on a statement, or waits for a lock. `answering`: it cannot go on writing, since
 * the line takes no more of its answer. `idle`: it waits for the client. `gone`: it has no such session any more. `unknown`: it did
 * not say, or what it said may be of another session.
 */
export type SessionState = 'running' | 'answering' | 'idle' | 'gone' | 'unknown';

/** How the question is put. */
export interface StateQuestion {
  /** A connected client to the same server with nothing under way. Its statement may still be so when the limit is over. */
  readonly asker: DriverClient;
  /** How long ago the session in question was open, in milliseconds: a younger one has only inherited its number. */
  readonly ageMs: number;
  /** After it the state is `unknown`, in milliseconds; above 0. */
  readonly limitMs: number;
  /** Default the machine's clock. */
  readonly clock?: Clock;
}

/** What the server's clock may have been set back meanwhile. */
const clockSlackMs = 1_000;

// The server decides, so that the types that a program has given the driver make no difference. Of other roles' sessions it shows
// nothing but the number. Before the messages of a statement are complete it is active, and waits for the client all the same.
const question = `select case
    when pg_backend_pid() <> $1::int then 'unknown'
    when session.pid is null then 'gone'
    when session.state is null or session.backend_start is null then 'unknown'
    when clock_timestamp() - session.backend_start < $3::float8 * interval '1 millisecond' then 'gone'
    when session.state like 'idle%' then 'idle'
    when session.state not in ('active', 'fastpath function call') then 'unknown'
    when session.wait_event = 'ClientRead' then 'idle'
    when session.wait_event = 'ClientWrite' then 'answering'
    else 'running'
  end as state
  from (select) as nothing left join pg_catalog.pg_stat_activity as session on session.pid = $2::int`;

/** Asks what the server does in the session of `client`; never rejects. */
export function sessionState(client: DriverClient, options: StateQuestion): Promise<SessionState> {
  const { asker, ageMs, limitMs, clock = systemClock } = options;
  if (typeof client.processID !== 'number' || !leadToOneServer(client, asker))
    return Promise.resolve('unknown');
  // A pooler between gives numbers of its own, by which the asker's is known: then the server knows neither.
  const values = [asker.processID, client.processID, ageMs - clockSlackMs];
  return new Promise((resolve) => {
    const tell = (state: SessionState = 'unknown'): void => {
      timer.cancel();
      resolve(state);
    };
    const timer = clock.setTimer(tell, limitMs);
    try {
      asker.query(question, values, (_error, result) => {
        tell(
          (result as { rows?: readonly { readonly state: SessionState }[] } | undefined)?.rows?.[0]?.state,
        );
      });
    } catch {
      tell();
    }
  });
}

/** One name may stand for several servers. */
function leadToOneServer(client: DriverClient, asker: DriverClient): boolean {
  const [one, other] = [addressOf(client), addressOf(asker)];
  return one === undefined || other === undefined || one === other;
}

function addressOf({ connection }: DriverClient): string | undefined {
  return (connection?.stream as { remoteAddress?: string } | undefined)?.remoteAddress;
}
