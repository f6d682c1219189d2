// A process of the arena: it says once what it offers, and ends when it is let go of. What it costs is no client's.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Child<Offer> {
  readonly offer: Offer;
  close(): Promise<void>;
}

/** @param entry - the compiled entry of the process */
export async function startChild<Offer>(
  name: string,
  entry: URL,
  args: readonly string[] = [],
): Promise<Child<Offer>> {
  const child = fork(fileURLToPath(entry), args, { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] });
  const exited = once(child, 'exit');
  const offer = await Promise.race([
    once(child, 'message').then(([said]) => said as Offer),
    exited.then(([code, signal]) => Promise.reject(new Error(`the ${name} ended with ${signal ?? code}`))),
  ]);
  return {
    offer,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
