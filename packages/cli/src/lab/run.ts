// The lab from beginning to end.
import { availableParallelism } from 'node:os';
import { type Cast, type OrdersService, startCast } from './cast.ts';
import { type Comparison, compare } from './comparison.ts';
import { Endings } from './endings.ts';
import { LabError, messageOf } from './errors.ts';
import { count } from './figures.ts';
import { Interrupted, Interruption } from './interruption.ts';
import { type Measurement, measure } from './measurement.ts';
import { startPlayground } from './playground-service.ts';
import { report } from './report.ts';
import { type LabSettings, warmUpSeconds } from './settings.ts';
import { outputColumns, printResult, progressTeller, tell, tellFailure } from './terminal.ts';

/** Runs the lab; resolves to the status to exit with, when nothing of the lab is left. */
export async function runLab(settings: LabSettings): Promise<number> {
  const interruption = new Interruption();
  const endings = new Endings();
  let status = 0;
  try {
    const cast = await startCast(settings, endings, interruption);
    const comparison = await compareServices(cast, settings, interruption);
    printResult(
      settings.json ? JSON.stringify(comparison, undefined, 2) : report(comparison, outputColumns()),
    );
    if (!settings.once) await serve(cast, endings, interruption);
  } catch (error) {
    status = error instanceof Interrupted ? error.status : 1;
    tellFailure(isForeseen(error) ? messageOf(error) : String((error as Error)?.stack ?? error));
  }
  for (const error of await endings.run()) {
    status ||= 1;
    tellFailure(messageOf(error));
  }
  return status;
}

/** Errors of the servers say in their message what to do. */
function isForeseen(error: unknown): boolean {
  return (
    error instanceof LabError || error instanceof Interrupted || (error as Error)?.name === 'ServerError'
  );
}

async function compareServices(
  cast: Cast,
  settings: LabSettings,
  interruption: Interruption,
): Promise<Comparison> {
  const { callers, seconds, max } = settings;
  const run = async (service: OrdersService, name: string): Promise<Measurement> => {
    tell(`${name}: ${callers} callers, ${warmUpSeconds} s of warm-up, then ${seconds} s`);
    const tellProgress = progressTeller();
    const measurement = await interruption.race(
      measure({
        service: service.process,
        load: cast.load,
        origin: service.origin,
        callers,
        seconds,
        onProgress: ({ answered, failed }, passed) => {
          tellProgress(
            Math.min(1, passed / seconds),
            `${Math.min(seconds, Math.round(passed))} of ${seconds} s, ${count(answered / passed)} requests/s` +
              (failed > 0 ? `, ${count(failed)} failed` : ''),
          );
        },
      }),
    );
    return measurement;
  };
  const perRequest = await run(cast.perRequest, 'A connection per request');
  await cast.perRequest.process.end();
  const pooled = await run(cast.pooled, 'Pooled');
  const conditions = {
    database: cast.database.label,
    callers,
    poolMax: max,
    seconds,
    warmUpSeconds,
    node: process.versions.node,
    processors: availableParallelism(),
  };
  return compare(conditions, perRequest, pooled);
}

/** Keeps the pooled service up under light load, with something to break beside it, until a signal comes. */
async function serve(cast: Cast, endings: Endings, interruption: Interruption): Promise<void> {
  await cast.load.ask('trickle', { origin: cast.pooled.origin });
  tell(`The service stays up under light load. See its pools at ${cast.pooled.origin}/`);
  tell(`Ask it yourself: curl ${cast.pooled.origin}/orders/42`);
  try {
    const playground = await startPlayground(cast.pooled, endings, interruption);
    if (playground) tell(`Break something, and let it explain itself: ${playground.origin}/`);
    tell('Ctrl-C ends everything and removes its data.');
    const processes = [...cast.processes, ...(playground ? [playground.process] : [])];
    await interruption.race(Promise.race(processes.map(({ died }) => died)));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    tell('Ending…');
  }
}
