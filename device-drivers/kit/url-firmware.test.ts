import { expect, it } from 'vitest';
import { manualClock, ms, ok, plus, seconds } from '@hallhub/sync/base';
import type { UpdateCommand } from '../capabilities/index.ts';
import { createCommandLedger, createUrlFirmware, rethrow } from './index.ts';

it('an update that the device took and gave up later is not told as one that it refused', async () => {
  const clock = manualClock();
  const firmware = createUrlFirmware({
    clock,
    ledger: createCommandLedger({ clock }),
    onListenerError: rethrow,
    installed: () => Promise.resolve(ok({ version: '1.0' })),
    begin: () => Promise.resolve(ok()),
  });
  const command: UpdateCommand = {
    id: 'update-1',
    name: 'update',
    args: { image: { from: 'url', url: 'http://hub.test/image', sha256: '0'.repeat(64) }, version: '2.0' },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(20)),
    issuedBy: 'test',
  };
  const updated = firmware.capability.update(command);
  await clock.advanceAsync(ms(0));
  firmware.progressed(40);
  firmware.failed('the image does not fit');
  expect(await updated).toEqual({ ok: false, error: { code: 'E-DEV-0208', detail: 'the image does not fit' } });
  expect(await firmware.capability.progress()).toMatchObject({ ok: true, value: { state: 'failed', sent: 40 } });
});
