// Ends the servers of this process when it ends in an orderly way. Signal handlers are the program's own.
import { endBlocking } from './ending.ts';
import { ownPlaces, readRecord, removePlaceBlocking } from './registry.ts';

let isListening = false;

/** From now on, servers end with this process, those that are just starting too. */
export function endServersAtExit(): void {
  if (isListening) return;
  isListening = true;
  process.on('exit', endServers);
}

function endServers(): void {
  for (const place of ownPlaces) {
    try {
      const server = readRecord(place)?.server;
      if (server) endBlocking(server);
      removePlaceBlocking(place);
    } catch {
      // Its record stays: the next start of a server sweeps it up.
    }
  }
}
