import type { ConfigInput } from '../config/index.ts';
import { COUNTER_DEVICES } from './counter-floor.ts';
import { DORM } from './dorm.ts';
import { DEMO_HALL } from './queue.ts';

/** The demo's configuration: two gates, one kiosk, a service hall and a dormitory at a fictional university. */
export function demoConfig(
  hall: { readonly url: string; readonly token: string; readonly keyId: string; readonly publicKey: string },
  port: number,
): ConfigInput {
  const reader = (id: string, zh: string, en: string) => ({
    id,
    profile: 'generic/resident-id-serial',
    label: { zh, en },
    transport: { kind: 'memory' as const, name: id, baudRate: 115_200 },
  });
  const turnstile = (id: string, zh: string, en: string) => ({
    id,
    profile: 'generic/modbus-relay-flash',
    label: { zh, en },
    transport: { kind: 'memory' as const, name: id, baudRate: 115_200 },
  });
  const serial = (id: string, profile: string, zh: string, en: string) => ({
    ...{ id, profile, label: { zh, en } },
    transport: { kind: 'memory' as const, name: id },
  });
  return {
    hub: { id: 'hub-demo', label: { zh: '示例大学 主校区', en: 'Specimen University, main campus' }, campus: 'main' },
    http: { host: '127.0.0.1', port, names: ['localhost'], tls: { mode: 'off' } },
    hall: { url: hall.url, token: hall.token, keys: { [hall.keyId]: hall.publicKey } },
    mqtt: { host: '127.0.0.1', port: 0, tls: 'off' },
    certificates: { verifyUrl: new URL('verify', hall.url).href },
    areas: [
      { id: 'main-campus', label: { zh: '主校区', en: 'Main campus' }, maxStaleness: '4h' },
      {
        id: DORM,
        label: { zh: '三号学生公寓', en: 'Student residence 3' },
        curfew: { nights: [{ from: '23:00', lateUntil: '00:30' }] },
      },
    ],
    attendance: {
      buildings: [{ area: DORM }],
      checkIn: [{ id: 'gym', label: { zh: '体育馆报到点', en: 'Gymnasium' } }],
    },
    devices: [
      reader('east-reader', '东门读卡器', 'East gate reader'),
      turnstile('east-turnstile', '东门闸机', 'East gate turnstile'),
      reader('west-reader', '西门读卡器', 'West gate reader'),
      turnstile('west-turnstile', '西门闸机', 'West gate turnstile'),
      reader('dorm-in-reader', '公寓入口读卡器', 'Residence entrance reader'),
      turnstile('dorm-in-turnstile', '公寓入口闸机', 'Residence entrance turnstile'),
      reader('dorm-out-reader', '公寓出口读卡器', 'Residence exit reader'),
      turnstile('dorm-out-turnstile', '公寓出口闸机', 'Residence exit turnstile'),
      reader('kiosk-reader', '自助机读卡器', 'Kiosk reader'),
      {
        id: 'kiosk-printer',
        profile: 'generic/ipp-everywhere',
        label: { zh: '自助机打印机', en: 'Kiosk printer' },
        transport: { kind: 'memory' as const, name: 'kiosk-printer' },
      },
      serial(COUNTER_DEVICES.printer, 'generic/escpos-80mm', '取号机打印机', 'Ticket printer'),
      serial(COUNTER_DEVICES.display, 'generic/onbon-bx-5k', '1号窗口屏', 'LED screen of counter 1'),
      serial(COUNTER_DEVICES.keypad, 'generic/caller-keypad', '1号窗口呼叫器', 'Keypad of counter 1'),
      serial(COUNTER_DEVICES.ratingPad, 'generic/rating-pad', '1号窗口评价器', 'Rating pad of counter 1'),
      {
        id: COUNTER_DEVICES.speaker,
        profile: 'generic/audio-out',
        label: { zh: '大厅扬声器', en: 'Loudspeaker of the hall' },
        transport: { kind: 'url' as const, url: 'local:hall' },
      },
    ],
    gates: [
      {
        id: 'east-1',
        label: { zh: '东门', en: 'East gate' },
        area: 'main-campus',
        reader: 'east-reader',
        barrier: 'east-turnstile',
        passageSensor: 'east-turnstile',
      },
      {
        id: 'west-1',
        label: { zh: '西门', en: 'West gate' },
        area: 'main-campus',
        reader: 'west-reader',
        barrier: 'west-turnstile',
        passageSensor: 'west-turnstile',
      },
      ...(['in', 'out'] as const).map((direction) => ({
        id: `dorm-${direction}`,
        label: direction === 'in' ? { zh: '公寓入口', en: 'Residence, in' } : { zh: '公寓出口', en: 'Residence, out' },
        area: DORM,
        direction,
        reader: `dorm-${direction}-reader`,
        barrier: `dorm-${direction}-turnstile`,
        passageSensor: `dorm-${direction}-turnstile`,
      })),
    ],
    queue: { halls: [DEMO_HALL] },
    kiosks: [
      {
        id: 'library',
        label: { zh: '图书馆自助机', en: 'Library kiosk' },
        modes: ['print', 'campus-card', 'ticket'],
        printer: 'kiosk-printer',
        reader: 'kiosk-reader',
      },
    ],
  };
}
