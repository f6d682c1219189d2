// Plays one fault with one set of limits to all contenders at the same time.

import { setTimeout as pause } from 'node:timers/promises';
import { type Account, accountOf, type Course } from './account.ts';
import { nowMs } from './clock.ts';
import type { FaultContender } from './contender.ts';
import { Ends, type Fault, type Stage } from './fault.ts';
import type { Limits } from './limits.ts';
import { PlayerProcess } from './player-process.ts';

const BEFORE_MS = 2_000;
const AFTER_MS = 5_000;
const LOOK_EVERY_MS = 20;
const SERVED_WITHIN_MS = 20_000;

export interface Run {
  readonly fault: Fault;
  readonly limits: Limits;
  readonly seconds: number;
  readonly contenders: readonly FaultContender[];
}

/** A contender at its place. */
interface Lane {
  readonly contender: FaultContender;
  readonly player: PlayerProcess;
}

export interface Outcome {
  readonly contender: FaultContender;
  readonly account: Account;
}

export async function play(run: Run, progress: (line: string) => void): Promise<Outcome[]> {
  const { fault, limits, contenders } = run;
  const ends = new Ends();
  try {
    progress('starting the servers');
    const stage = await fault.stage(contenders);
    ends.push(() => stage.close());
    const lanes = startLanes(run, stage, ends);
    const course = await playFault(run, stage, lanes, progress);
    progress(`waiting for the last answers, up to ${limits.patienceMs / 1_000} s`);
    return await Promise.all(
      lanes.map(async ({ contender, player }, index) => {
        const told = await player.finish(limits.patienceMs);
        const account = accountOf({
          told,
          course,
          deadlines: contender.deadlines(limits),
          waitingLabel: contender.waitingLabel,
          connectAttempts: stage.connectsBetween(index, course.beganAt, course.watchedUntil),
          closedAt: nowMs(),
        });
        return { contender, account };
      }),
    );
  } catch (error) {
    throw new Error(`${fault.name}, ${limits.name}: ${(error as Error).message}`, { cause: error });
  } finally {
    await ends.all();
  }
}

function startLanes({ fault, limits, contenders }: Run, { accesses }: Stage, ends: Ends): Lane[] {
  return contenders.map((contender, index) => {
    const { module } = contender;
    const access = accesses[index]!;
    const player = new PlayerProcess({
      module,
      access,
      options: contender.options(limits),
      crowd: fault.crowd,
    });
    ends.push(() => player.kill());
    return { contender, player };
  });
}

async function playFault(
  { fault, seconds }: Run,
  stage: Stage,
  lanes: readonly Lane[],
  progress: (line: string) => void,
): Promise<Course> {
  const startedAt = nowMs();
  if (!fault.fromTheStart) {
    progress('waiting for the first answers');
    await Promise.all(lanes.map(served));
    await pause(BEFORE_MS);
  }
  progress(fault.title(seconds));
  const beganAt = fault.fromTheStart ? startedAt : nowMs();
  const course = await stage.play(seconds);
  const whole: Course = { beganAt, watchedUntil: nowMs(), healedAt: undefined, healedFor: 'all', ...course };
  if (whole.healedAt !== undefined) {
    progress('and after it');
    await pause(AFTER_MS);
  }
  return whole;
}

async function served({ contender, player }: Lane): Promise<void> {
  const until = nowMs() + SERVED_WITHIN_MS;
  while (!player.isServed) {
    // Its account tells of the crash; the others play on.
    if (player.crash !== undefined) return;
    if (nowMs() > until) throw new Error(`${contender.name} answered nobody within ${SERVED_WITHIN_MS} ms`);
    await pause(LOOK_EVERY_MS);
  }
}
