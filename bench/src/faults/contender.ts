// What a fault's callers ask of a contender, and what is told of it.

import type { Limits } from './limits.ts';

/** Until when a call has to be answered, in milliseconds from its beginning. */
export interface Deadlines {
  /** Of a call that has not got a connection. */
  readonly waitingMs: number;
  /** Of any call; undefined where nothing ends what was sent over a silent connection. */
  readonly wholeMs: number | undefined;
}

export interface FaultContender {
  readonly name: string;
  /** Absent where it is Node's own. */
  readonly dependency?: string;
  /** The address of the module that creates it. */
  readonly module: string;
  /** Begins the label of an error that says "no connection in time". */
  readonly waitingLabel: string;
  /** What is said of it beside the figures. */
  readonly note?: string;
  /** Its own options for a set of limits. */
  options(limits: Limits): Readonly<Record<string, number>>;
  /** Undefined where it has none. */
  deadlines(limits: Limits): Deadlines | undefined;
}

export interface FaultPool {
  /** Asks for something that tells the token again; resolves to what came back as the token. */
  query(text: string, token: string): Promise<unknown>;
}

/** What a contender's module exports as `create`. `Access`: what leads to its server. */
export type CreateFaultPool<Access> = (
  access: Access,
  options: Readonly<Record<string, number>>,
) => FaultPool;
