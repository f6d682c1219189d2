// How long this process was ready to run and got no core: what a busy machine does to a run, and nothing that was planted.

import { readFileSync } from 'node:fs';

/** The main thread's, in milliseconds since it began; 0 where the system does not tell. The Linux kernel's documentation, "Scheduler Statistics". */
export function waitedForCoreMs(): number {
  try {
    const [, waitedNs] = readFileSync('/proc/self/schedstat', 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  } catch {
    return 0;
  }
}
