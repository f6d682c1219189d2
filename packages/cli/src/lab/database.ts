// The lab's database: the user's own from DATABASE_URL, or an embedded PostgreSQL.
import pg, { type ClientConfig } from 'pg';
import { startPostgres } from '../servers/index.ts';
import { LabError } from './errors.ts';
import { createSchema } from './schema.ts';

/** A database with the lab's schema in it. */
export interface LabDatabase {
  /** For pg; survives JSON. */
  readonly config: ClientConfig;
  /** For people: never has a password in it. */
  readonly label: string;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

/** Opens the database that `url` names, or starts one. `connections` is how many the lab may need. */
export function openDatabase(
  url: string | undefined,
  connections: number,
  onProgress: (message: string) => void,
): Promise<LabDatabase> {
  return url ? openGiven(url, onProgress) : startEmbedded(connections, onProgress);
}

async function openGiven(
  connectionString: string,
  onProgress: (message: string) => void,
): Promise<LabDatabase> {
  const config = { connectionString };
  const label = describe(config);
  onProgress(`Using ${label}, from DATABASE_URL`);
  const schema = await createSchema(config);
  return { config, label, close: () => schema.drop() };
}

/** What the driver makes of a text that is no URL, and its complaint of one, may hold the password: neither is passed on. */
function describe(config: { readonly connectionString: string }): string {
  try {
    if (!/^(postgres(ql)?:\/\/|socket:)/i.test(config.connectionString)) throw new TypeError('no URL');
    const { host, port, database } = new pg.Client(config);
    const place = host.startsWith('/') ? host : `${host}:${port}`;
    return `the database ${database} at ${place}`;
  } catch {
    throw new LabError(
      'DATABASE_URL is not a URL that can be used. Give postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters percent-encoded.',
    );
  }
}

async function startEmbedded(
  connections: number,
  onProgress: (message: string) => void,
): Promise<LabDatabase> {
  const server = await startPostgres({
    tls: true,
    settings: { max_connections: connections + 20 },
    onProgress,
  });
  const { port, user, password, database, ca } = server;
  // By name, as services reach their databases, so that there is a name to resolve.
  const config = { host: 'localhost', port, user, password, database, ssl: { ca } };
  try {
    await createSchema(config);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { config, label: 'an embedded PostgreSQL 18 (TLS, scram-sha-256)', close: () => server.stop() };
}
