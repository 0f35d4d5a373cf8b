import { failure, ms, seconds, systemClock } from '@hallhub/sync/base';
import type { PagePrinter } from '@hallhub/device-drivers/capabilities';
import { ippClient, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { expect, it } from 'vitest';
import { openSelfService } from './testing/rig.ts';

/** A kiosk whose printer is a simulated one, on which some of the steps fail. */
function open(broken: Partial<PagePrinter> = {}) {
  const clock = systemClock({ mode: 'test', speed: 50 });
  const printer = simulatedPrinter({ clock, perPage: ms(500) });
  const client = ippClient({ uri: 'ipp://memory/', clock: systemClock({ mode: 'test' }), connect: printer.connect });
  const rig = openSelfService({}, { ...client, ...broken });
  rig.start();
  return { ...rig, printer };
}

it('comes out of the printer, and is on record', async () => {
  const { upkeep, printer, audit } = open();
  expect(await upkeep.testPage('hall', 'staff:li')).toMatchObject({ ok: true });
  await expect.poll(() => printer.tray.length, { timeout: 10_000 }).toBe(1);
  expect(audit.list({ limit: 1 })).toMatchObject([{ action: 'kiosk.test-page' }]);
});

it('leaves no empty job behind when it cannot be sent, nor when the answer is lost', async () => {
  const unsent = open({ sendDocument: () => Promise.resolve(failure('E-PRN-0106')) });
  expect(await unsent.upkeep.testPage('hall', 'staff:li')).toMatchObject({ error: { code: 'E-PRN-0106' } });
  expect(unsent.printer.jobs.map(({ state }) => state)).toEqual([7]);
  const lost = open();
  const { createJob } = lost.port;
  lost.port.createJob = async (wish) => {
    await createJob(wish);
    return failure('E-PRN-0101');
  };
  expect(await lost.upkeep.testPage('hall', 'staff:li')).toMatchObject({ error: { code: 'E-PRN-0101' } });
  expect(lost.printer.jobs.map(({ state }) => state)).toEqual([7]);
});

it('waits its turn behind a certificate', async () => {
  const { upkeep, certificates, idCard, printing, clock, printer } = open({
    createJob: () => Promise.resolve(failure('E-PRN-0102')),
  });
  await certificates.issue('request-1');
  idCard();
  expect(await printing.print('hall', 'request-1', 1, 'order-0001')).toMatchObject({ ok: true });
  await clock.advanceAsync(seconds(1));
  expect(await upkeep.testPage('hall', 'staff:li')).toMatchObject({ error: { code: 'E-PRN-0102' } });
  expect(printer.jobs).toEqual([]);
});
