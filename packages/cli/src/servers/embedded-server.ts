// One embedded PostgreSQL: its life from the first start to stop().
import { freeze, killAll, shutDown, thaw } from './ending.ts';
import { ServerError } from './errors.ts';
import { isRefused } from './ports.ts';
import { type PostmasterOptions, recover, startPostmaster } from './postmaster.ts';
import { isAlive, type ProcessIdentity } from './processes.ts';
import { remember, removePlace } from './registry.ts';
import type { PostgresServer } from './types.ts';
import { until } from './waiting.ts';

const REFUSAL_MS = 5_000;

/** What a client needs to know of a server. */
export type Access = Pick<PostgresServer, 'port' | 'user' | 'password' | 'database' | 'ca'>;

/** See {@link PostgresServer}. Operations asked for at once run one after the other. */
export class EmbeddedServer implements PostgresServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ca: string | undefined;
  readonly #options: PostmasterOptions;
  #postmaster: ProcessIdentity;
  #last: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;

  constructor(access: Access, options: PostmasterOptions, postmaster: ProcessIdentity) {
    this.port = access.port;
    this.user = access.user;
    this.password = access.password;
    this.database = access.database;
    this.ca = access.ca;
    this.#options = options;
    this.#postmaster = postmaster;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  connectionString(database: string = this.database): string {
    const [user, password, name] = [this.user, this.password, database].map(encodeURIComponent);
    return `postgresql://${user}:${password}@${this.host}:${this.port}/${name}`;
  }

  stop(): Promise<void> {
    this.#ended ??= this.#next(async () => {
      if (this.#running) await shutDown(this.#running);
      // Its data goes anyway: a cluster that can't be recovered is no reason to fail.
      else await recover(this.#options, this.database).catch(() => undefined);
      await removePlace(this.#options.place);
    });
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.#refuseAfterStop();
    await this.#next(async () => {
      if (this.#running) await killAll(this.#running);
      await until(() => isRefused(this.port), REFUSAL_MS);
      remember(this.#options.place, { port: this.port });
    });
  }

  async start(): Promise<void> {
    this.#refuseAfterStop();
    await this.#next(async () => {
      if (!this.#running) this.#postmaster = await startPostmaster(this.#options, this.port);
    });
  }

  pause(): void {
    if (!this.#running)
      throw new ServerError('NOT_RUNNING', 'PostgreSQL does not run, so it cannot be paused.');
    freeze(this.#running);
  }

  resume(): void {
    if (this.#running) thaw(this.#running);
  }

  get #running(): ProcessIdentity | undefined {
    return isAlive(this.#postmaster) ? this.#postmaster : undefined;
  }

  #next(operation: () => Promise<void>): Promise<void> {
    const done = this.#last.then(operation);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #refuseAfterStop(): void {
    if (this.#ended !== undefined)
      throw new ServerError('STOPPED', 'This PostgreSQL was stopped and its data removed. Start another.');
  }
}
