// The ways to the servers of the real runs, and who may do what there.

import pg from 'pg';

/** What leads to a server, and who may do what there. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly ca: string | undefined;
  readonly admin: Login;
  readonly service: Login;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Places {
  readonly large: Place;
  /** It has room for few sessions. */
  readonly small: Place;
}

/** Does something at a server with a connection of its own. */
export async function asAdmin<T>(place: Place, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const client = await connected(place, place.admin);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A client beside the pool. */
export async function connected(place: Place, login: Login): Promise<pg.Client> {
  const { host, port, database } = place;
  const client = new pg.Client({ host, port, database, ...login });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
