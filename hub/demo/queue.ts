import type { Clock } from '@hallhub/sync/base';
import { hours, iso, minutes, plus, unwrap } from '@hallhub/sync/base';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import type { ConfigInput } from '../config/index.ts';
import { COUNTER_DEVICES } from './counter-floor.ts';

/** The demo's hall: services under two headings, two counters, and the kiosk of the library as its ticket machine. */
export const DEMO_HALL: NonNullable<NonNullable<ConfigInput['queue']>['halls']>[number] = {
  id: 'main',
  label: { zh: '师生服务大厅', en: 'Service hall' },
  // Around the clock, so that the demo works whenever it is looked at.
  hours: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:59' }],
  services: [
    { id: 'records', label: { zh: '学籍与成绩', en: 'Records and results' } },
    {
      id: 'enrolment',
      parent: 'records',
      label: { zh: '在读证明盖章', en: 'Enrolment certificates' },
      quick: true,
      documents: [{ zh: '学生证或身份证', en: 'Student card or ID card' }],
      requests: ['certificate'],
      usual: '4min',
      waitLimit: '20min',
    },
    { id: 'transcript', parent: 'records', label: { zh: '成绩更正', en: 'Corrections of results' }, usual: '8min' },
    { id: 'cards', label: { zh: '校园卡', en: 'Campus card' }, prefix: 'B', quick: true, usual: '3min' },
  ],
  counters: [
    {
      id: 'c1',
      label: { zh: '1号窗口', en: 'Counter 1' },
      services: ['enrolment', 'transcript', 'cards'],
      display: COUNTER_DEVICES.display,
      keypad: COUNTER_DEVICES.keypad,
      ratingPad: COUNTER_DEVICES.ratingPad,
    },
    { id: 'c2', label: { zh: '2号窗口', en: 'Counter 2' }, services: ['enrolment', 'cards'] },
  ],
  classes: [
    { id: 'elder', label: { zh: '老年人', en: 'Elderly' }, rate: 2, selfDeclared: true },
    { id: 'disabled', label: { zh: '行动不便', en: 'Disabled' }, first: true },
  ],
  kiosks: [{ kiosk: 'library', printer: COUNTER_DEVICES.printer }],
  announcements: { languages: ['zh', 'en'], speaker: COUNTER_DEVICES.speaker },
};

/** One appointment in a quarter of an hour, for somebody who has a certificate to collect as well. */
export function seedQueueRequests(hall: Pick<ReferenceHall, 'requests'>, clock: Clock): void {
  if (hall.requests.list(500).some(({ kind }) => kind === 'appointment')) return;
  const now = clock.now();
  const from = plus(now, minutes(15));
  const to = plus(from, minutes(20));
  unwrap(
    hall.requests.approve(
      unwrap(
        hall.requests.apply({
          kind: 'appointment',
          validFrom: iso(now),
          validUntil: iso(plus(now, hours(24))),
          data: {
            person: { name: '刘一', number: '2023010001' },
            ...{ hall: DEMO_HALL.id, service: 'enrolment', from: iso(from), to: iso(to), code: '4T7K9M2P' },
          },
        }),
      ),
    ),
  );
}
