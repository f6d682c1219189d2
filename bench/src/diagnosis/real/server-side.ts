// What a run does at its server beside its pool: a role of its own, sessions that take the room, rows that are locked.

import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { asAdmin, connected, type Login, type Place, type Places } from './places.ts';
import type { Settings } from './settings.ts';

const lookEveryMs = 25;
const patienceMs = 10_000;

export class ServerSide {
  readonly place: Place;
  /** What the pool logs in with. */
  readonly login: Login;
  /** Names what is this run's alone. */
  readonly run: string;
  readonly changeLocked: string = 'update stock set n = n + 1 where run = $1 and item = 0';

  private constructor(place: Place, login: Login, run: string) {
    this.place = place;
    this.login = login;
    this.run = run;
  }

  static async open(seed: number, settings: Settings, places: Places): Promise<ServerSide> {
    const place = settings.smallServer ? places.small : places.large;
    const run = `run_${seed}_${process.pid}`;
    if (!settings.ownRole) return new ServerSide(place, place.service, run);
    await asAdmin(place, (admin) => admin.query(`create role ${run} login password 'own'`));
    return new ServerSide(place, { user: run, password: 'own' }, run);
  }

  /** No more sessions than these for the run's own role; those that there are stay. */
  async limit(sessions: number): Promise<void> {
    await asAdmin(this.place, (admin) => admin.query(`alter role ${this.run} connection limit ${sessions}`));
  }

  /** From now on a login of the run's own role takes so long. */
  async slowLogin(ms: number): Promise<void> {
    await asAdmin(this.place, (admin) =>
      admin.query(`alter role ${this.run} set bench.login_ms = '${ms.toFixed(0)}'`),
    );
  }

  /** Others take all sessions of the small server but these. */
  async leaveRoomFor(sessions: number): Promise<void> {
    await this.#untilEmpty();
    const others: pg.Client[] = [];
    for (;;) {
      const other = await connected(this.place, this.place.service).catch(() => undefined);
      if (other === undefined) break;
      others.push(other);
    }
    for (const other of others.slice(0, sessions)) await other.end();
    await this.#until(others.length - sessions);
  }

  /** What an earlier run left is gone a moment after its process. */
  #untilEmpty(): Promise<void> {
    return this.#until(0);
  }

  async #until(sessions: number): Promise<void> {
    const count = `select count(*)::int as sessions from pg_stat_activity where usename = 'service'`;
    await asAdmin(this.place, async (admin) => {
      const until = performance.now() + patienceMs;
      for (;;) {
        const { rows } = await admin.query<{ sessions: number }>(count);
        if (rows[0]!.sessions === sessions) return;
        if (performance.now() > until)
          throw new Error(`the small server has ${rows[0]!.sessions} sessions, not ${sessions}`);
        await pause(lookEveryMs);
      }
    });
  }

  /** Somebody else locks the run's row again and again, each time for so long. */
  async lockFor(ms: () => number): Promise<void> {
    const other = await connected(this.place, this.place.service);
    await other.query('insert into stock (run, item) values ($1, 0)', [this.run]);
    void (async () => {
      for (;;) {
        await other.query('begin');
        await other.query(this.changeLocked, [this.run]);
        await pause(ms());
        await other.query('commit');
      }
    })();
  }
}
