// The public surface of insight: what is wrong with a pool, told from what it shows anyway.
//
// A snapshot holds counts, totals, times as sums, the holders with age and place, the opens under way, the outage, and what delayed the event
// loop. A PoolWatch takes one a second while somebody wants it and keeps a minute of them; a pool that nobody asks about pays nothing. Totals since
// the pool was made are their own baseline: the first snapshot of a watch knows what was usual before it.
// `diagnose` is a pure function from snapshots to a cause. One snapshot tells states (an outage, old leases); rates and changes need two or more.

export { type Diagnosis, diagnose } from './diagnose.ts';
export { explainer } from './explainer.ts';
export { type Cause, causeTitles, type Finding } from './finding.ts';
export { type LoopDelay, LoopProbe } from './loop-probe.ts';
export { type DiagnosablePool, type Snapshot, snapshotOf, type Total } from './snapshot.ts';
export { PoolWatch } from './watch.ts';
