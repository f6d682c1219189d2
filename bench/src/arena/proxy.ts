// The entry of a proxy's process: a line to the port it is given, with the delay it is given.

import { FaultProxy } from 'openline/testing';

const [port, delayMs] = process.argv.slice(2).map(Number) as [number, number];
const proxy = await FaultProxy.start({ target: { port } });
proxy.delay(delayMs);
process.on('disconnect', () => process.exit(0));
process.send?.(proxy.port);
