// Servers of the lab: on the loopback address only, ended without waiting for idle connections.
import type { Server } from 'node:http';
import { type AddressInfo, type Server as AnyServer, createServer } from 'node:net';

/** Listens on 127.0.0.1; resolves to the port, rejects where it is taken. */
export function listen(server: AnyServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Stops listening; resolves once every request under way is answered, or its connection cut after a second. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), 1_000);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Why a port of 127.0.0.1 cannot be listened on now: the system's code, such as EADDRINUSE; `undefined` where it can. */
export async function refusalOf(port: number): Promise<string | undefined> {
  const probe = createServer();
  try {
    await listen(probe, port);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  await new Promise((resolve) => probe.close(resolve));
  return undefined;
}
