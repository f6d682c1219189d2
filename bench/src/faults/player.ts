// The entry of a player's process: one contender with its callers, who tell of every call.

import { Callers } from './callers.ts';
import { type Call, labelOf, messageOf } from './calls.ts';
import type { CreateFaultPool } from './contender.ts';
import type { Order, Part, Word } from './messages.ts';
import { watchLoop } from './stalls.ts';

const TELL_EVERY_MS = 100;
/** What a caught crash ends with, as an uncaught one does. */
const CRASH_CODE = 1;

const stalls = watchLoop();
let callers: Callers | undefined;
let untold: Call[] = [];

process.on('message', (order: Order) => {
  if (order.kind === 'begin') void begin(order.part);
  else void stop(order.patienceMs);
});
process.on('disconnect', () => process.exit(0));
// An unhandled rejection comes here too. The process ends of it, as it would have without a listener.
process.on('uncaughtException', (error, origin) => {
  tellCalls();
  const reason = `${origin}: ${labelOf(error)}: ${messageOf(error)}`;
  tell({ kind: 'crashed', reason }, () => process.exit(CRASH_CODE));
});

async function begin({ module, access, options, crowd }: Part): Promise<void> {
  const { create } = (await import(module)) as { create: CreateFaultPool<object> };
  callers = new Callers(create(access, options), crowd, (call) => untold.push(call));
  setInterval(tellCalls, TELL_EVERY_MS);
}

async function stop(patienceMs: number): Promise<void> {
  const unanswered = (await callers?.stop(patienceMs)) ?? [];
  tellCalls();
  tell({ kind: 'ended', unanswered, stalls: stalls() });
}

function tellCalls(): void {
  if (untold.length === 0) return;
  tell({ kind: 'calls', calls: untold });
  untold = [];
}

function tell(word: Word, told?: () => void): void {
  process.send?.(word, () => told?.());
}
