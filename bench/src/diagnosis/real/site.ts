// The servers of the real runs: one that all share, and a small one for a single run at a time.

import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import { asAdmin, type Place, type Places } from './places.ts';

export interface Site {
  readonly places: Places;
  close(): Promise<void>;
}

const smallRoom = 16;

/** A login takes as long as the role's setting says; a row is there for each reader. */
const furnish = `
  create role service login password 'service';
  create table stock (run text, item int, n int not null default 0, primary key (run, item));
  insert into stock select 'all', item from generate_series(1, 1000) item;
  grant all on stock to public;
  create function wait_at_login() returns event_trigger language plpgsql as $$
  begin
    perform pg_sleep(coalesce(nullif(current_setting('bench.login_ms', true), '')::float8, 0) / 1000);
  end $$;
  create event trigger at_login on login execute function wait_at_login();
`;

export async function openSite(progress: (line: string) => void): Promise<Site> {
  const servers: PostgresServer[] = [];
  const close = async (): Promise<void> => {
    for (const server of servers) await server.stop();
  };
  const open = async (maxConnections: number, tls: boolean): Promise<Place> => {
    const settings = {
      max_connections: maxConnections,
      // What a run left behind in mid-statement is soon gone.
      client_connection_check_interval: 300,
    };
    const server = await startPostgres({ tls, settings, onProgress: progress });
    servers.push(server);
    const { host, port, user, password, database, ca } = server;
    const place: Place = {
      ...{ host, port, database, ca },
      admin: { user, password },
      service: { user: 'service', password: 'service' },
    };
    await asAdmin(place, (admin) => admin.query(furnish));
    return place;
  };
  try {
    return { places: { large: await open(300, true), small: await open(smallRoom, false) }, close };
  } catch (error) {
    await close();
    throw error;
  }
}
