// A slow network before a server, in a process of its own: what it costs is no client's.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROXY: string = fileURLToPath(new URL('./proxy.js', import.meta.url));

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startProxy(target: number, delayMs: number): Promise<Proxy> {
  const child = fork(PROXY, [String(target), String(delayMs)], {
    execArgv: [],
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const exited = once(child, 'exit');
  const port = await Promise.race([
    once(child, 'message').then(([said]) => said as number),
    exited.then(([code, signal]) => Promise.reject(new Error(`the proxy ended with ${signal ?? code}`))),
  ]);
  return {
    port,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
