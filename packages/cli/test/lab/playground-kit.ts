// What the tests of the playground share: one playground of their own, without the rest of the lab.
import type { PlaygroundCalls } from '../../src/lab/calls.ts';
import { LabProcess } from '../../src/lab/lab-process.ts';

/** A playground as the lab starts it. */
export interface RunningPlayground {
  readonly origin: string;
  end(): Promise<void>;
}

/** Starts the built one. */
export async function startPlayground(): Promise<RunningPlayground> {
  const program = new URL('../../dist/lab/playground/playground-process.js', import.meta.url);
  const process = new LabProcess<PlaygroundCalls>('playground', program);
  const end = (): Promise<void> => process.end(60_000);
  try {
    const port = await process.ask('start', { port: 0 });
    return { origin: `http://127.0.0.1:${port}`, end };
  } catch (error) {
    await end();
    throw error;
  }
}
