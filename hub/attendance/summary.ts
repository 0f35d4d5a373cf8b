import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { Attendance } from './service.ts';

export const attendanceSummary =
  (attendance: Pick<Attendance, 'summary' | 'checkIn'>): Summarise =>
  () => {
    const { unconfirmed, alerts } = attendance.summary();
    const { expected, checked } = attendance.checkIn.counts();
    return {
      domain: 'attendance',
      title: { zh: '归寝', en: 'Dormitories' },
      figures:
        expected === 0
          ? []
          : [
              { text: { zh: '新生已报到', en: 'New students checked in' }, value: checked },
              { text: { zh: '新生应报到', en: 'New students expected' }, value: expected },
            ],
      attention: waiting(
        { text: { zh: '归寝结果待确认', en: 'Results of last night to confirm' }, count: unconfirmed, page: '/dorms' },
        { text: { zh: '宿舍提醒未处理', en: 'Alerts in dormitories' }, count: alerts, page: '/dorms' },
      ),
    };
  };
