// Starts the playground once the comparison is over, so that it takes nothing from what is measured.
import type { PlaygroundCalls } from './calls.ts';
import type { OrdersService } from './cast.ts';
import type { Endings } from './endings.ts';
import { messageOf } from './errors.ts';
import { Interrupted, type Interruption } from './interruption.ts';
import { LabProcess } from './lab-process.ts';
import { refusalOf } from './listening.ts';
import { tell } from './terminal.ts';

/** Its database may have been killed, and is put in order before it is removed. */
const goodbyeMs = 30_000;

/** A playground that listens. */
export interface PlaygroundService {
  readonly process: LabProcess<PlaygroundCalls>;
  readonly origin: string;
}

/** Starts it; the lab goes on without where there can be none, and says why. */
export async function startPlayground(
  service: OrdersService,
  endings: Endings,
  interruption: Interruption,
): Promise<PlaygroundService | undefined> {
  const process = new LabProcess<PlaygroundCalls>(
    'playground',
    new URL('./playground/playground-process.js', import.meta.url),
  );
  endings.add(() => process.end(goodbyeMs));
  try {
    const wanted = await portBeside(service.origin);
    const port = await interruption.race(process.ask('start', { port: wanted }));
    const origin = `http://127.0.0.1:${port}`;
    await service.process.ask('showPlayground', origin);
    return { process, origin };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    // Its database may run already, and the lab goes on for as long as somebody looks.
    await process.end(goodbyeMs);
    tell(`There is nothing to break this time: ${messageOf(error)}`);
    return undefined;
  }
}

/** The next port after the service's, or any where that is taken. */
async function portBeside(origin: string): Promise<number> {
  const next = Number(new URL(origin).port) + 1;
  return next <= 65_535 && (await refusalOf(next)) === undefined ? next : 0;
}
