// A playground that cannot start leaves nothing behind.
import { expect, it, vi } from 'vitest';
import type { OrdersService } from '../../src/lab/cast.ts';
import { Endings } from '../../src/lab/endings.ts';
import type { Interruption } from '../../src/lab/interruption.ts';
import { startPlayground } from '../../src/lab/playground-service.ts';

const end = vi.hoisted(() => vi.fn(async () => {}));

vi.mock('../../src/lab/lab-process.ts', () => ({
  LabProcess: class {
    end = end;
    ask = () => Promise.reject(new Error('listen EADDRINUSE'));
  },
}));

it('its process and its database end at once, and not when the lab does', async () => {
  // After the last port there is none to be tried.
  const service = { origin: 'http://127.0.0.1:65535' } as OrdersService;
  const interruption = { race: (work: Promise<unknown>) => work } as unknown as Interruption;
  expect(await startPlayground(service, new Endings(), interruption)).toBeUndefined();
  expect(end).toHaveBeenCalledTimes(1);
});
