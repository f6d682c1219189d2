// Ends and removes the servers of Node processes that died without doing it.
import { endAtOnce } from './ending.ts';
import { isAlive } from './processes.ts';
import { listServers, removePlace } from './registry.ts';

/** Never fails: what can't be removed now is found again at the next start. */
export async function sweepLeftovers(
  workspace: string,
  onProgress: (message: string) => void,
): Promise<void> {
  const leftovers = listServers(workspace).filter(({ record }) => !isAlive(record.owner));
  if (leftovers.length > 0) onProgress('Removing what an earlier run left behind');
  await Promise.all(
    leftovers.map(async ({ place, record }) => {
      try {
        if (record.server) await endAtOnce(record.server);
        await removePlace(place);
      } catch (error) {
        onProgress(`Could not remove ${place.folder}: ${(error as Error).message}`);
      }
    }),
  );
}
