import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { Gates } from './service.ts';

export const gatesSummary =
  (gates: Pick<Gates, 'summary' | 'areas'>): Summarise =>
  () => {
    const { passes, today, gatesDown } = gates.summary();
    return {
      domain: 'gates',
      title: { zh: '门岗', en: 'Gates' },
      figures: [
        { text: { zh: '有效通行授权', en: 'Passes' }, value: passes },
        {
          text: { zh: '24 小时内通过', en: 'Went through in 24 h' },
          value: (today.passed ?? 0) + (today.unconfirmed ?? 0),
        },
        { text: { zh: '24 小时内未放行', en: 'Refused in 24 h' }, value: today.refused ?? 0 },
        // Areas with a limit: car parks, halls.
        ...gates
          .areas()
          .flatMap(({ label, free }) =>
            free === undefined ? [] : [{ text: { zh: `${label.zh}剩余`, en: `Free: ${label.en}` }, value: free }],
          ),
      ],
      attention: waiting(
        { text: { zh: '门的设备异常', en: 'Gates with device trouble' }, count: gatesDown, page: '/gates' },
        { text: { zh: '未授权通过', en: 'Passages without release' }, count: today.unexpected ?? 0, page: '/gates' },
      ),
    };
  };
