// The entry of a run's process: one service, which is played, asked about, and gone.

import type { Places } from './places.ts';
import { type Kind, play } from './play.ts';

/** What a run needs to begin. */
export interface Order {
  readonly seed: number;
  readonly kind: Kind;
  readonly places: Places;
}

// The parent lets go when it has heard, or is gone itself.
process.on('disconnect', () => process.exit(0));
process.on('message', ({ seed, kind, places }: Order) => {
  // What fails ends the process, and the parent reads why on stderr.
  void play(seed, kind, places).then((run) => process.send?.(run));
});
