// The playground, in a process of its own with a database of its own: what is broken in it is nobody else's.
import { FaultProxy } from 'openline/testing';
import { type PostgresServer, startPostgres } from '../../servers/index.ts';
import { answerCalls } from '../answer-calls.ts';
import type { PlaygroundCalls } from '../calls.ts';
import { Endings } from '../endings.ts';
import { messageOf } from '../errors.ts';
import { listen, stopListening } from '../listening.ts';
import { databaseConnections } from './faults.ts';
import { Playground } from './playground.ts';
import { createPlaygroundServer } from './server.ts';
import { Shop } from './shop.ts';

const endings = new Endings();

async function startDatabase(): Promise<PostgresServer> {
  const database = await startPostgres({ tls: true, settings: { max_connections: databaseConnections } });
  endings.add(() => database.stop());
  return database;
}

const calls: PlaygroundCalls = {
  async start({ port }) {
    const database = await startDatabase();
    const proxy = await FaultProxy.start({ target: { port: database.port } });
    endings.add(() => proxy.close());
    const { user, password, ca } = database;
    const shop = new Shop({
      host: proxy.host,
      port: proxy.port,
      user,
      password,
      database: database.database,
      ssl: { ca },
    });
    endings.add(() => shop.close());
    const playground = new Playground({ shop, database, proxy });
    endings.add(async () => playground.close());
    const { server, close } = createPlaygroundServer(shop, playground);
    endings.add(async () => {
      close();
      await stopListening(server);
    });
    return listen(server, port);
  },
};

answerCalls(calls, async () => {
  for (const error of await endings.run()) process.stderr.write(`${messageOf(error)}\n`);
});
