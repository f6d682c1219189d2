// Puts the lab together: the database, the price service, the orders service in both its modes, and the load generator.

import { makeCertificates } from '../servers/index.ts';
import type { LoadCalls, Mode, OrdersCalls, OrdersPlan, PriceCalls } from './calls.ts';
import { type LabDatabase, openDatabase } from './database.ts';
import type { Endings } from './endings.ts';
import { LabError } from './errors.ts';
import type { Interruption } from './interruption.ts';
import { LabProcess } from './lab-process.ts';
import { refusalOf } from './listening.ts';
import { defaultPort, type LabSettings } from './settings.ts';
import { tell } from './terminal.ts';

/** An orders service that listens. */
export interface OrdersService {
  readonly process: LabProcess<OrdersCalls>;
  readonly origin: string;
}

/** Everything that runs. */
export interface Cast {
  readonly database: LabDatabase;
  readonly perRequest: OrdersService;
  readonly pooled: OrdersService;
  readonly load: LabProcess<LoadCalls>;
  /** All processes but the database's. */
  readonly processes: readonly LabProcess<never>[];
}

/**
 * Starts everything; what is started is added to `endings`, also when a later part fails.
 * @throws {LabError} with the reason.
 */
export async function startCast(
  settings: LabSettings,
  endings: Endings,
  interruption: Interruption,
): Promise<Cast> {
  const { callers, max } = settings;
  const wanted = await choosePort(settings);
  let database: LabDatabase | undefined;
  // The first ending to be added is the last to be run: nobody is to lose the database before having ended.
  endings.add(async () => database?.close());
  const begin = <C>(name: string, program: URL): LabProcess<C> => {
    const process = new LabProcess<C>(name, program);
    endings.add(() => process.end());
    return process;
  };
  const pooled = begin<OrdersCalls>('orders service', new URL('./orders-process.js', import.meta.url));
  const perRequest = begin<OrdersCalls>(
    'orders service without pools',
    new URL('./orders-process.js', import.meta.url),
  );
  const prices = begin<PriceCalls>('price service', new URL('./price-process.js', import.meta.url));
  const load = begin<LoadCalls>('load generator', new URL('./load-process.js', import.meta.url));

  const opened = await openDatabase(process.env['DATABASE_URL'], callers + max, tell);
  database = opened;
  interruption.check();
  const { ca, cert, key } = await makeCertificates(['localhost', '127.0.0.1']);
  const pricePort = await interruption.race(prices.ask('start', { cert, key }));
  const plan = (mode: Mode): Omit<OrdersPlan, 'port'> => ({
    mode,
    database: opened.config,
    prices: { origin: `https://localhost:${pricePort}`, ca },
    max,
  });
  const port = await interruption.race(pooled.ask('start', { ...plan('pooled'), port: wanted }));
  const otherPort = await interruption.race(perRequest.ask('start', { ...plan('perRequest'), port: 0 }));
  const at = (somePort: number): string => `http://127.0.0.1:${somePort}`;
  return {
    database: opened,
    perRequest: { process: perRequest, origin: at(otherPort) },
    pooled: { process: pooled, origin: at(port) },
    load,
    processes: [pooled, perRequest, prices, load] as unknown as LabProcess<never>[],
  };
}

/** Asked before anything is started, so that a port that is taken is told of at once. */
async function choosePort({ port, once }: LabSettings): Promise<number> {
  const wanted = port ?? (once ? 0 : defaultPort);
  const code = await refusalOf(wanted);
  if (code === undefined) return wanted;
  if (port === undefined) {
    tell(`Port ${wanted} is taken: taking any other that is not (--port chooses one)`);
    return 0;
  }
  throw new LabError(
    code === 'EADDRINUSE'
      ? `Port ${port} is taken by another program. Give another with --port, or --port 0 for any that is not taken.`
      : `Port ${port} cannot be listened on (${code}). Give another with --port, above 1023.`,
  );
}
