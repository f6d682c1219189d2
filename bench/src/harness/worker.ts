// The entry of a worker process: one contender of one bench, which does a round whenever the parent asks for one.

import { loadBench } from '../benches/index.ts';
import type { Racer, Sample } from './bench.ts';
import type { Answer, Request } from './messages.ts';

let racer: Racer | undefined;

process.on('message', (request: Request) => {
  handle(request).then(
    (sample) => answer(sample === undefined ? { kind: 'done' } : { kind: 'done', sample }),
    (error: unknown) =>
      answer({
        kind: 'failed',
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
process.on('disconnect', () => process.exit(0));

async function handle(request: Request): Promise<Sample | undefined> {
  if (request.kind === 'enter') {
    const bench = await loadBench(request.bench);
    racer = await bench.enter(request.entry);
    return undefined;
  }
  if (racer === undefined) throw new Error(`${request.kind} before enter`);
  if (request.kind === 'run') return await racer.run(request.scenario);
  if (request.kind === 'warmUp') await racer.warmUp(request.scenario);
  else await racer.close();
  return undefined;
}

function answer(message: Answer): void {
  process.send?.(message);
}
