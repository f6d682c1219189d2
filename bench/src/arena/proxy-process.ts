// A slow network before a server, in a process of its own.

import { startChild } from './child.ts';

const PROXY: URL = new URL('./proxy.js', import.meta.url);

export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startProxy(target: number, delayMs: number): Promise<Proxy> {
  const { offer, close } = await startChild<number>('proxy', PROXY, [String(target), String(delayMs)]);
  return { port: offer, close };
}
