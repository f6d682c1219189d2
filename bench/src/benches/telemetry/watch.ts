// What watching a pool is made of, whatever watches it.

import type { PgPoolOptions, Pool } from 'openline/pg';
import type { Ask } from '../../contenders/query.ts';

/** What a watch has done. */
export interface Tally {
  /** Exports and scrapes. */
  collections: number;
  /** Spans of acquires that were exported. */
  spans: number;
}

/** Something that watches a pool. */
export interface Watch {
  readonly observers?: PgPoolOptions['observers'];
  /** Begins to watch; returns what ends it. */
  begin?(pool: Pool): () => unknown;
  /** Makes a request, in a span of its own, of each question. */
  inRequest?(ask: Ask): Ask;
}

/** @param everyMs - how often metrics are collected */
export type MakeWatch = (tally: Tally, everyMs: number) => Watch;
