import { randomBytes } from 'node:crypto';
import { epochMs } from '@hallhub/sync/base';
import type { SimulatedCard } from '@hallhub/device-drivers/protocols/resident-id';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { campusCodeKeyId } from '../hub/gates/project.ts';
import { campusCodeAt } from '../hub/gates/qr/campus-code.ts';
import type { VzenithSimulator } from '@hallhub/device-drivers/protocols/vzenith';
import type { Cameras, WatchingCamera } from './testing/cameras.ts';
import { SEEN_PLATES, startCameras } from './testing/cameras.ts';
import type { Campus } from './testing/campus.ts';
import { GATE, startCampus } from './testing/campus.ts';
import type { GateWatch } from './testing/gate-watch.ts';
import { watchGates } from './testing/gate-watch.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { Lanes } from './testing/lanes.ts';
import { startLanes } from './testing/lanes.ts';
import { approve, approveVisit, person } from './testing/people.ts';
import { logInAsFirst } from './testing/staff.ts';
import type { Turnstile } from './testing/turnstile.ts';
import { until } from './testing/until.ts';

/*
 * Everything that people and cars can show at a gate, from its bytes on a pty or a socket to the barrier and the hall: each
 * opens once, somebody walks through, and each is refused once for a reason of its own.
 */

const ENTERED = 'hallhub.visitor-access.entered.v1';
const REFUSED = 'hallhub.visitor-access.refused.v1';
const LIBRARY = { gates: ['east'], areas: [] } as const;

let campus: Campus;
let lanes: Lanes;
let cameras: Cameras;
let garage: VzenithSimulator;
let staff: HttpClient;
let watch: GateWatch;

beforeAll(async () => {
  lanes = await startLanes();
  cameras = await startCameras();
  campus = await startCampus({
    extra: {
      ...lanes.extra,
      guests: cameras.extra.guests,
      devices: `${lanes.extra.devices}\n${cameras.extra.devices}`,
      gates: `${lanes.extra.gates}\n${cameras.extra.gates}`,
    },
  });
  const hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  watch = watchGates(campus, staff);
  garage = await cameras.joinGarage(hub, staff);
  await until('the terminal is greeted', () =>
    lanes.doorTerminal.handshake().then((answer) => answer.startsWith('GET OPTION')),
  );
  await watch.ready();
});
afterAll(async () => {
  await cameras.stop();
  await campus.stop();
  await lanes.stop();
});

/** Shows it, walks, and is told to the hall. */
async function entersByShowing(
  gate: string,
  requestId: string,
  turnstile: () => Turnstile,
  show: () => unknown,
): Promise<void> {
  const pulses = turnstile().pulses.length;
  const entry = await watch.decides(gate, show);
  expect(entry).toMatchObject({ requestId });
  await until('somebody walks through', () => turnstile().walk());
  await watch.becomes(entry, 'passed');
  expect(turnstile().pulses).toHaveLength(pulses + 1);
}
const isToldAsEntered = async (gate: string, requestId: string): Promise<void> => {
  expect((await watch.told(ENTERED, requestId)).data).toMatchObject({ gate, direction: 'in', passage: 'observed' });
};
/** Members walk where they like without their university being told. */
const isNotTold = (requestId: string): void => {
  expect(campus.hall.inbox.list({ limit: 1_000 }).filter(({ subject }) => subject === requestId)).toEqual([]);
};
async function isRefused(gate: string, turnstile: () => Turnstile, code: string, show: () => unknown): Promise<void> {
  const pulses = turnstile().pulses.length;
  expect(await watch.decides(gate, show)).toMatchObject({ state: 'refused', code });
  expect(turnstile().pulses).toHaveLength(pulses);
}
const member = async (number: string, credentials: readonly object[], places: object = LIBRARY): Promise<string> => {
  const id = approve(campus.hall, 'roster', {
    person: { number, name: '陈六', category: 'student' },
    credentials,
    ...places,
  });
  await watch.reached(id);
  return id;
};

describe('a resident ID', () => {
  const put = async (card: SimulatedCard): Promise<void> => {
    await campus.gateReader.put(card);
  };
  test.each<[string, SimulatedCard]>([
    ['residents', person('张三', 1).card],
    [
      'Hong Kong, Macao and Taiwan',
      { layout: 'hk-mo-tw', name: '陈大文', number: '810000199001010019', passNumber: 'H12345678', validTo: '长期' },
    ],
    [
      'foreign residents, 2017',
      {
        layout: 'foreign-2017',
        englishName: 'EXAMPLE, ANNA',
        number: 'CAN110081010101',
        country: 'CAN',
        validTo: '20991231',
      },
    ],
    [
      'foreign residents, 2023',
      {
        layout: 'foreign-2023',
        englishName: 'EXAMPLE, JOANNA',
        number: '911156199001010010',
        country: 'CAN',
        validTo: '20991231',
      },
    ],
  ])('of %s opens, and is refused once its visit is withdrawn', async (_, card) => {
    const name = 'englishName' in card ? card.englishName : card.name;
    const visit = approveVisit(campus.hall, { name, number: card.number }, GATE);
    await watch.reached(visit);
    await entersByShowing(
      GATE,
      visit,
      () => campus.turnstile,
      () => put(card),
    );
    await campus.gateReader.lift();
    await isToldAsEntered(GATE, visit);
    campus.hall.requests.revoke(visit, '来访取消');
    await watch.reached(visit);
    // Somebody else is there in between: a card that is laid down again at once was never away.
    await isRefused(
      GATE,
      () => campus.turnstile,
      'E-GATE-0101',
      () => put(person('赵无名', 4).card),
    );
    await campus.gateReader.lift();
    await isRefused(
      GATE,
      () => campus.turnstile,
      'E-GATE-0105',
      () => put(card),
    );
    await campus.gateReader.lift();
    expect((await watch.told(REFUSED, visit)).data).toMatchObject({ code: 'E-GATE-0105' });
  });

  test('that is past its own date is refused, whatever is approved', async () => {
    const { name, number, card } = person('赵过期', 2);
    await watch.reached(approveVisit(campus.hall, { name, number }, GATE));
    await isRefused(
      GATE,
      () => campus.turnstile,
      'E-GATE-0107',
      () => put({ ...card, validTo: '20200101' }),
    );
    await campus.gateReader.lift();
  });
});

describe('a campus card', () => {
  const UID = '04A1B2C3';

  test('is the same card on readers of different form and byte order: in at one gate, not again at another', async () => {
    const id = await member('20260001', [{ type: 'campus-card', uid: UID }], { gates: [], areas: ['library'] });
    await entersByShowing(
      'east',
      id,
      () => lanes.eastTurnstile,
      () => lanes.eastCards.present(UID),
    );
    // Its double is somewhere else at the same time.
    await isRefused(
      'west',
      () => lanes.westTurnstile,
      'E-GATE-0110',
      () => lanes.westCards.present(UID),
    );
    isNotTold(id);
  });

  test('read backwards is somebody else’s', async () => {
    const backwards = Buffer.from(UID, 'hex').reverse().toString('hex');
    await isRefused(
      'east',
      () => lanes.eastTurnstile,
      'E-GATE-0101',
      () => lanes.eastCards.present(backwards),
    );
  });
});

describe('a code', () => {
  test('of a member’s phone opens once', async () => {
    const key = randomBytes(32).toString('base64');
    const id = await member('20260002', [{ type: 'campus-code', key }]);
    const code = campusCodeAt(epochMs(Date.now()), campusCodeKeyId(key), Buffer.from(key, 'base64'));
    await entersByShowing(
      'east',
      id,
      () => lanes.eastTurnstile,
      () => lanes.eastScanner.scan(code),
    );
    // A screenshot, in the hands of the next one.
    await isRefused(
      'west',
      () => lanes.westTurnstile,
      'E-GATE-0135',
      () => lanes.westScanner.scan(code),
    );
    isNotTold(id);
  });

  test('of an approved visitor opens, and no more once the visit is withdrawn', async () => {
    const visitor = person('王访客', 3);
    const visit = approveVisit(campus.hall, visitor, 'east');
    await watch.reached(visit);
    const { text } = await staff.ask<{ text: string }>('POST', '/api/gates/visitors/code', {
      requestId: visit,
      person: 0,
    });
    await entersByShowing(
      'east',
      visit,
      () => lanes.eastTurnstile,
      () => lanes.eastScanner.scan(text),
    );
    await isToldAsEntered('east', visit);
    campus.hall.requests.revoke(visit, '来访取消');
    await watch.reached(visit);
    // Somebody else is there in between: what is held to a scanner without a pause is shown once.
    await isRefused(
      'east',
      () => lanes.eastTurnstile,
      'E-GATE-0131',
      () => lanes.eastScanner.scan('https://menu.example.edu/'),
    );
    await isRefused(
      'east',
      () => lanes.eastTurnstile,
      'E-GATE-0105',
      () => lanes.eastScanner.scan(text),
    );
  });
});

describe('a plate', () => {
  const cars = (plates: readonly string[], gate: string): string =>
    approve(campus.hall, 'vehicle-access', { plates, gates: [gate], uses: { max: 1, per: 'request' } });

  test('pushed by a camera opens its barrier once, and the car over the loop has entered', async () => {
    const id = cars(['京a·d12345'], 'carpark');
    await watch.reached(id);
    const entry = await watch.decides('carpark', () => lanes.carparkCamera.see('京AD12345'));
    expect(entry).toMatchObject({ requestId: id, method: 'plate' });
    await until('the barrier opens', () => lanes.carparkCamera.opened === 1);
    lanes.carparkLoop.cross();
    await watch.becomes(entry, 'passed');
    expect((await watch.told('hallhub.vehicle-access.entered.v1', id)).data).toMatchObject({
      gate: 'carpark',
      passage: 'observed',
    });
    expect(await watch.decides('carpark', () => lanes.carparkCamera.see('京AD12345'))).toMatchObject({
      state: 'refused',
      code: 'E-GATE-0109',
    });
    expect(lanes.carparkCamera.opened).toBe(1);
  });

  test('one character off is refused and suggested to the guard', async () => {
    await watch.reached(cars(['沪B67890'], 'carpark'));
    const entry = await watch.decides('carpark', () => lanes.carparkCamera.see('沪B6789O'));
    expect(entry).toMatchObject({ state: 'refused', code: 'E-GATE-0101' });
    const { near } = await staff.ask<{ near: unknown[] }>('GET', `/api/gates/entries/${entry.id}/suggestions`);
    expect(near).toMatchObject([{ plate: '沪B67890' }]);
    expect(lanes.carparkCamera.opened).toBe(1);
  });

  test('seen through the hub’s broker opens that camera’s barrier; what it tells out of its memory opens nothing', async () => {
    const id = cars(['京B54321'], 'garage');
    await watch.reached(id);
    expect(
      await watch.decides('garage', () => garage.see('京B54321', { offlineAt: epochMs(Date.now() - 60_000) })),
    ).toMatchObject({ state: 'refused', code: 'E-GATE-0138' });
    const entry = await watch.decides('garage', () => garage.see('京B54321'));
    expect(entry).toMatchObject({ requestId: id, method: 'plate' });
    await watch.becomes(entry, 'unconfirmed');
    expect(garage.opened).toBe(1);
    expect((await watch.told('hallhub.vehicle-access.entered.v1', id)).data).toMatchObject({ gate: 'garage' });
    expect(await watch.decides('garage', () => garage.see('京B54321'))).toMatchObject({
      state: 'refused',
      code: 'E-GATE-0109',
    });
    expect(garage.opened).toBe(1);
  });

  test.each<[string, string, () => WatchingCamera]>([
    ['reported by a camera of another make', 'yard', () => lanes.yardCamera],
    ['streamed by one of that make', 'annex', () => cameras.annex],
    ['streamed by one of a third, which never says how sure it is,', 'lodge', () => cameras.lodge],
  ])('%s opens that one, and where nobody watches it is said so', async (_, gate, camera) => {
    const id = cars(SEEN_PLATES, gate);
    await watch.reached(id);
    const see = (): void => {
      camera().see();
    };
    const entry = await watch.decides(gate, see);
    expect(entry).toMatchObject({ requestId: id });
    await watch.becomes(entry, 'unconfirmed');
    expect(camera().opened()).toBe(1);
    expect((await watch.told('hallhub.vehicle-access.entered.v1', id)).data).toMatchObject({
      gate,
      passage: 'unconfirmed',
    });
    expect(await watch.decides(gate, see)).toMatchObject({ state: 'refused', code: 'E-GATE-0109' });
    expect(camera().opened()).toBe(1);
  });
});

describe('a passport that the guard types', () => {
  const present = (number: string, key: string): Promise<unknown> =>
    staff.call(
      'POST',
      '/api/gates/east/present',
      { document: { type: 'passport', number } },
      { 'idempotency-key': key },
    );

  test('opens for whom it names, and for nobody else', async () => {
    const visit = approve(campus.hall, 'visitor-access', {
      people: [{ name: 'Jane Doe', document: { type: 'passport', number: 'E12345678' } }],
      gates: ['east'],
      host: { name: '李老师' },
    });
    await watch.reached(visit);
    await entersByShowing(
      'east',
      visit,
      () => lanes.eastTurnstile,
      () => present('e12345678', 'first-order'),
    );
    await isToldAsEntered('east', visit);
    await isRefused(
      'east',
      () => lanes.eastTurnstile,
      'E-GATE-0101',
      () => present('E12345679', 'second-order'),
    );
  });
});

describe('somebody whom a terminal knows', () => {
  /** The terminal's own clock, which stands in Beijing. */
  const wall = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
  const brought = (pin: string, there: boolean): Promise<unknown> =>
    until(
      `${pin} is ${there ? 'put on' : 'taken off'} the terminal`,
      async () => {
        await lanes.doorTerminal.ask();
        return lanes.doorTerminal.users.has(pin) === there;
      },
      { every: 100 },
    );

  test('is put there, let in by it and on record with the walk; withdrawn, they are gone', async () => {
    const id = await member('20260003', [{ type: 'face', id: '20260003' }], { gates: ['door'], areas: [] });
    await brought('20260003', true);
    const entry = await watch.decides('door', () => lanes.doorTerminal.punch('20260003', wall()));
    expect(entry).toMatchObject({ requestId: id, state: 'released' });
    lanes.doorContact.cross();
    await watch.becomes(entry, 'passed');
    // The terminal opened by itself: nothing was ordered.
    expect(lanes.doorContact.pulses).toEqual([]);
    isNotTold(id);
    campus.hall.requests.revoke(id, '离校');
    await brought('20260003', false);
  });
});
