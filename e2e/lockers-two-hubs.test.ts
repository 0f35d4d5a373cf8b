import { afterAll, beforeAll, expect, it } from 'vitest';
import type {
  BatchAnswer,
  CaseView,
  ItemView,
  ManifestView,
  Scan,
  ScanAnswer,
  StepView,
} from '../hub/lockers/contract.ts';
import type { TwoCampusHub, TwoCampuses } from './testing/two-campuses.ts';
import { EAST, WEST, approveDelivery, startTwoCampuses } from './testing/two-campuses.ts';
import { until } from './testing/until.ts';

/* A day's run of 120 consignments from one campus to the other, with the lines between the hubs cut and both hubs killed. */

const ITEMS = 120;
const BAGS = 10;
const API = { every: 200, within: 60_000 } as const;
let city: TwoCampuses;
const ids: string[] = [];

beforeAll(async () => {
  city = await startTwoCampuses();
  for (let order = 0; order < ITEMS; order++) ids.push(approveDelivery(city.hall, EAST, WEST, order));
  const last = ids.at(-1) ?? '';
  for (const { staff } of [city.east, city.west])
    await until('the requests arrive', () => staff.ask('GET', `/api/lockers/items/${last}`), API);
}, 120_000);
afterAll(() => city.stop());

const bagOf = (index: number): string => `bag-${index % BAGS}`;
const sealOf = (bag: string): string => `seal-${bag}`;
const bagged = (bag: string): string[] => ids.filter((_, index) => bagOf(index) === bag);
const bags = Array.from({ length: BAGS }, (_, index) => bagOf(index));
const scannedBags = bags.map((bag) => ({ bag, seal: sealOf(bag) }));
const runOfToday = async ({ staff }: TwoCampusHub): Promise<string> => {
  const [run] = await staff.ask<{ id: string }[]>('GET', '/api/lockers/runs');
  if (!run) throw new Error('no run goes today');
  return run.id;
};
const scan = (hub: TwoCampusHub, key: string, what: Scan): Promise<ScanAnswer> =>
  hub.staff.call('POST', '/api/lockers/scans', what, { 'idempotency-key': key }).then(({ status, body }) => {
    if (status >= 400) throw new Error(`${key}: ${status} ${JSON.stringify(body)}`);
    return body as ScanAnswer;
  });
/** Whose answer nobody hears. */
const unheard = (hub: TwoCampusHub, key: string, what: Scan): Promise<unknown> =>
  hub.staff.call('POST', '/api/lockers/scans', what, { 'idempotency-key': key }).catch(() => undefined);
/** As a page sends what it did off line: again and again until it has an answer, in pieces. */
async function sendAll(
  hub: TwoCampusHub,
  scans: readonly { key: string; scan: Scan }[],
  killAfter?: number,
): Promise<BatchAnswer[]> {
  const answers: BatchAnswer[] = [];
  for (let from = 0; from < scans.length; from += 40) {
    const piece = { scans: scans.slice(from, from + 40) };
    if (from === killAfter) {
      // Nobody hears what became of this piece.
      const lost = hub.staff.call('POST', '/api/lockers/scans/batch', piece).catch(() => undefined);
      await hub.kill();
      await lost;
      await hub.start();
    }
    answers.push(...(await hub.staff.ask<BatchAnswer[]>('POST', '/api/lockers/scans/batch', piece)));
  }
  return answers;
}
const item = ({ staff }: TwoCampusHub, id: string): Promise<ItemView> =>
  staff.ask<ItemView>('GET', `/api/lockers/items/${id}`);
const refused = (answers: readonly BatchAnswer[]): BatchAnswer[] => answers.filter((answer) => 'code' in answer);
const links = (history: readonly StepView[]): string[] => history.map(({ hash }) => hash).toSorted();

it('agrees to the last item, whatever was cut and killed', { timeout: 240_000 }, async () => {
  const { east, west, hall } = city;
  const [left = '', swapped = ''] = bagged('bag-3');

  // Morning in the east: dropped off at the desk, sorted into ten bags; the hub dies in the middle of it.
  const drops = ids.map((id) => ({ key: `drop-off-${id}`, scan: { do: 'drop-off', item: id } as const }));
  expect(refused(await sendAll(east, drops, 40))).toEqual([]);
  const sorting = ids.map((id, index) => ({
    key: `sort-into-${id}`,
    scan: { do: 'place', item: id, place: { at: 'bag', bag: bagOf(index) }, ready: false } as const,
  }));
  expect(refused(await sendAll(east, sorting, 80))).toEqual([]);
  const sealing = bags.map((bag) => ({
    key: `sealing-${bag}`,
    scan: { do: 'seal-bag', bag, seal: sealOf(bag), items: bagged(bag) } as const,
  }));
  expect(refused(await sendAll(east, sealing))).toEqual([]);

  // From now on neither hub hears the other.
  city.lines.cut();
  const box = { box: 'box-1', seal: 'box-seal-1', bags: scannedBags };
  const sealed = await scan(east, 'seal-the-box', { do: 'seal-box', run: await runOfToday(east), ...box });
  const manifest = sealed.manifest ?? '';
  const carried = sealed.text ?? '';
  const departure: Scan = { do: 'depart', manifest, seal: box.seal, bags: scannedBags };
  const gone = unheard(east, 'depart-now', departure);
  await east.kill();
  await gone;
  await east.start();
  await scan(east, 'depart-now', departure);
  for (const id of [left, swapped]) expect((await item(east, id)).custodian).toMatchObject({ is: 'run' });
  // What has left cannot leave again.
  await expect(scan(east, 'depart-again', departure)).rejects.toThrow('E-CUST-0406');

  // In the west nobody has heard of it; the manifest came with the box.
  await expect(
    scan(west, 'arrive-unheard', { do: 'arrive', manifest, seal: box.seal, bags: scannedBags }),
  ).rejects.toThrow('E-CUST-0302');
  await expect(
    scan(west, 'arrive-forged', {
      do: 'arrive',
      manifest: `${carried.slice(0, -3)}000`,
      seal: box.seal,
      bags: scannedBags,
    }),
  ).rejects.toThrow('E-CUST-030');
  const arrival: Scan = { do: 'arrive', manifest: carried, seal: box.seal, bags: scannedBags };
  const come = unheard(west, 'arrive-now', arrival);
  await west.kill();
  await come;
  await west.start();
  expect((await scan(west, 'arrive-now', arrival)).cases).toEqual([]);
  await expect(scan(west, 'arrive-twice', arrival)).rejects.toThrow('E-CUST-0407');

  // One was left on the desk in the east, one went into another bag.
  const count = (bag: string, items: readonly string[], witness?: TwoCampusHub['witness']): Promise<ScanAnswer> =>
    scan(west, `count-of-${bag}${witness ? '' : '-alone'}`, {
      ...{ do: 'count', manifest, bag, seal: sealOf(bag), items: [...items], damaged: [] },
      ...(witness && { witness }),
    });
  await expect(count('bag-0', bagged('bag-0'))).rejects.toThrow('E-CUST-0401');
  const opened: CaseView[] = [];
  for (const bag of bags) {
    const inside = bagged(bag).filter((id) => id !== left && id !== swapped);
    const there = bag === 'bag-5' ? [...inside, swapped] : inside;
    opened.push(...(await count(bag, there, west.witness)).cases);
  }
  expect(opened.map(({ kind, items }) => [kind, items])).toEqual([
    ['short', [left, swapped]],
    ['over', [swapped]],
  ]);
  // A case keeps it from being delivered.
  const handOver = (id: string, key: string) => scan(west, `${key}-${id}`, { do: 'hand-over', item: id, to: 'desk' });
  await expect(handOver(swapped, 'too-early')).rejects.toThrow('E-CUST-0105');
  const found = await scan(east, `found-on-desk-${left}`, { do: 'find', item: left });
  expect(found.cases.map(({ kind }) => kind)).toEqual(['misrouted']);

  // The lines hold again: each hub reads what it has missed.
  city.lines.join();
  const together = async (id: string): Promise<[ItemView, ItemView]> =>
    until(
      `both hubs say the same of ${id}`,
      async () => {
        const both: [ItemView, ItemView] = [await item(east, id), await item(west, id)];
        const [here, there] = both;
        const agree = JSON.stringify(links(here.history)) === JSON.stringify(links(there.history));
        return agree && here.history.length > 4 && both;
      },
      API,
    );
  const [lost] = await together(left);
  expect(lost.custodian).toEqual({ is: 'hub', hub: EAST });
  const [shifted] = await together(swapped);
  expect(shifted.custodian).toEqual({ is: 'hub', hub: WEST });
  for (const one of opened)
    await west.staff.ask('POST', `/api/lockers/cases/${one.id}/close`, {
      reason: 'found in the other bag, and in the east',
    });
  await handOver(swapped, 'at-last');

  // The manifest, both chains and the hall: the same, to the last item.
  const view = await west.staff.ask<ManifestView>('GET', `/api/lockers/journeys/${manifest}`);
  expect(view.bags.flatMap(({ items }) => items).toSorted()).toEqual(ids.toSorted());
  expect(view.bags.every(({ counted }) => counted)).toBe(true);
  for (const id of ids) {
    const [here, there] = await together(id);
    expect(here.custodian).toEqual(there.custodian);
    expect(here.epoch).toBe(there.epoch);
    const expected = id === swapped ? { is: 'person', to: 'desk' } : { is: 'hub', hub: id === left ? EAST : WEST };
    expect(here.custodian).toEqual(expected);
  }
  for (const { staff } of [east, west])
    expect((await staff.ask<{ links: number }>('GET', '/api/lockers/verify')).links).toBeGreaterThan(2 * ITEMS);
  const heard = await until(
    'the hall has heard of every departure and arrival',
    () => {
      const events = hall.inbox.list({ limit: 5_000 });
      const of = (type: string) =>
        new Set(
          events.flatMap((event) => (event.type === `hallhub.document-delivery.${type}.v1` ? [event.subject] : [])),
        );
      return of('departed').size === ITEMS && of('arrived').size === ITEMS && events;
    },
    API,
  );
  expect(heard.filter(({ status }) => status === 'rejected')).toEqual([]);
});
