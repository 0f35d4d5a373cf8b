import type { Ticket, TicketBlock } from '@hallhub/device-drivers/capabilities';
import type { DurationMs } from '@hallhub/sync/base';
import type { OwnTicketView, WaitRange } from './contract.ts';

const text = (content: string, more: Partial<Extract<TicketBlock, { type: 'text' }>> = {}): TicketBlock => ({
  ...{ type: 'text', text: content, align: 'center', size: 1, bold: false },
  ...more,
});
const pair = (left: string, right: string): TicketBlock => ({ type: 'pair', left, right, bold: false });

const minutesOf = (duration: DurationMs): number => Math.ceil(duration / 60_000);
const rangeOf = ({ from, to }: WaitRange): string =>
  minutesOf(to) <= 1 ? '1 分钟内 min' : `${Math.floor(from / 60_000)}-${minutesOf(to)} 分钟 min`;

/** A ticket on a strip of paper, each language in lines of its own: no name on it, for strips are left behind. @param url what its QR code opens; none: no code */
export function ticketPaper(
  view: OwnTicketView,
  { timeZone, url }: { readonly timeZone: string; readonly url: string | undefined },
): Ticket {
  const at = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(
    view.takenAt,
  );
  const { documents, expected } = view;
  return {
    blocks: [
      text(view.hallLabel.zh),
      text(view.serviceLabel.zh, { size: 2, bold: true }),
      text(view.serviceLabel.en),
      text(view.number, { size: 4, bold: true }),
      { type: 'rule', style: 'dashed' },
      pair('前面人数 Ahead', String(view.ahead)),
      ...(expected ? [pair('预计等候 Wait', rangeOf(expected))] : []),
      pair('取号时间 Taken', at),
      ...(documents.length > 0
        ? [
            { type: 'rule', style: 'dashed' } as const,
            text('请准备 Please have ready', { align: 'left', bold: true }),
            ...documents.flatMap(({ zh, en }) => [
              text(`·${zh}`, { align: 'left' }),
              text(`  ${en}`, { align: 'left' }),
            ]),
          ]
        : []),
      ...(url === undefined
        ? []
        : [{ type: 'qr', data: url, module: 6 } as const, text('扫码查看排队进度'), text('Scan to follow the queue')]),
      text('过号请到窗口询问'),
      text('Missed? Please ask at a counter'),
      { type: 'cut' },
    ],
  };
}
