import type { Outbox } from '@hallhub/sync/outbox';
import type { Replica } from '@hallhub/sync/replica';
import type { Requests } from '../requests/index.ts';
import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';

export const hallSummary =
  ({
    replica,
    outbox,
    requests,
  }: {
    readonly replica: Pick<Replica, 'status' | 'quarantined'>;
    readonly outbox: Pick<Outbox, 'status'>;
    readonly requests: Pick<Requests, 'summary'>;
  }): Summarise =>
  () => {
    const { approved, revoked } = requests.summary();
    const { pending, deadLetters } = outbox.status();
    return {
      domain: 'hall',
      title: { zh: '线上大厅同步', en: 'Online hall' },
      figures: [
        { text: { zh: '有效办件', en: 'Approved requests' }, value: approved },
        { text: { zh: '已撤销', en: 'Withdrawn' }, value: revoked },
        { text: { zh: '等待上报', en: 'Outcomes waiting' }, value: pending },
      ],
      attention: waiting(
        {
          text: { zh: '线上大厅离线', en: 'The hall is offline' },
          count: replica.status().feed.state === 'online' ? 0 : 1,
          page: '/hall',
        },
        { text: { zh: '被拒收的结果', en: 'Outcomes rejected' }, count: deadLetters, page: '/hall' },
        {
          text: { zh: '隔离的变更', en: 'Changes in quarantine' },
          count: replica.quarantined(100).length,
          page: '/hall',
        },
      ),
    };
  };
