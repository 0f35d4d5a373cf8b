import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import { alertsOf } from './alerts.ts';
import type { FleetKioskView } from './views.ts';

export const kiosksSummary =
  (fleet: () => readonly FleetKioskView[]): Summarise =>
  () => {
    const kiosks = fleet();
    const having = (...alerts: readonly string[]): number =>
      kiosks.filter((view) => alertsOf(view).some((alert) => alerts.includes(alert))).length;
    const out = kiosks.filter(({ kiosk }) => kiosk.outOfService).length;
    const page = '/kiosks';
    return {
      domain: 'kiosks',
      title: { zh: '自助机', en: 'Kiosks' },
      figures: [
        { text: { zh: '在用', en: 'In service' }, value: kiosks.length - out },
        {
          text: { zh: '今日份数', en: 'Copies today' },
          value: kiosks.flatMap(({ today }) => today).reduce((sum, { copies }) => sum + copies, 0),
        },
      ],
      attention: waiting(
        { text: { zh: '纸张或墨粉不足', en: 'Low on paper or toner' }, count: having('paper-low', 'toner-low'), page },
        {
          text: { zh: '无法打印', en: 'Cannot print' },
          count: having('paper-empty', 'toner-empty', 'printer-waits', 'printer-away'),
          page,
        },
        { text: { zh: '打印任务未完成', en: 'Jobs that do not end' }, count: having('job-stuck'), page },
        { text: { zh: '暂停服务', en: 'Out of service' }, count: out, page },
      ),
    };
  };
