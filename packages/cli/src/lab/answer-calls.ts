// The other side of LabProcess: a process answers what it is asked, until it is let go or its starter has died.
import { messageOf } from './errors.ts';

type Question = { readonly id: number; readonly name: string; readonly parameters: unknown[] };

/** Answers `calls` from now on. When the channel closes, whoever closed it, calls `close` and ends this process. */
export function answerCalls<C extends object>(calls: C, close: () => unknown): void {
  // A Ctrl-C in the terminal reaches every process of the lab: the one that was started by hand decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('message', (question) => void answer(calls, question as Question));
  const end = async (): Promise<never> => {
    try {
      await close();
    } catch (error) {
      process.stderr.write(`${messageOf(error)}\n`);
    }
    process.exit();
  };
  if (process.connected) process.once('disconnect', () => void end());
  else void end();
}

async function answer(calls: object, { id, name, parameters }: Question): Promise<void> {
  const call = (calls as Record<string, (...parameters: unknown[]) => unknown>)[name];
  try {
    if (call === undefined) throw new Error(`There is no call ${name}.`);
    reply({ id, value: await call(...parameters) });
  } catch (error) {
    reply({ id, error: { message: messageOf(error), code: (error as NodeJS.ErrnoException).code } });
  }
}

function reply(answer: object): void {
  if (process.connected) process.send?.(answer);
}
