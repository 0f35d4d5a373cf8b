import { type Ticket, type TicketInput, ticketSchema } from '../../../capabilities/index.ts';

export const ticketOf = (...blocks: TicketInput['blocks']): Ticket => ticketSchema.parse({ blocks });

/** A queue ticket as a hall prints it, with rare characters in its names. */
export const QUEUE_TICKET = ticketOf(
  { type: 'text', text: '师生服务大厅', align: 'center', size: 2, bold: true },
  { type: 'rule' },
  { type: 'text', text: 'A023', align: 'center', size: 4, bold: true },
  { type: 'pair', left: '业务', right: '成绩单与在读证明' },
  { type: 'pair', left: '前方等待', right: '3 人' },
  { type: 'pair', left: '姓名', right: '㐀𠮷镕' },
  {
    type: 'row',
    cells: [
      { text: '窗口', share: 1 },
      { text: '预计', share: 1, align: 'center' },
      { text: '取号时间', share: 2, align: 'right' },
    ],
    bold: true,
  },
  {
    type: 'row',
    cells: [
      { text: '5-8', share: 1 },
      { text: '10 分钟', share: 1, align: 'center' },
      { text: '2026-03-02 09:41', share: 2, align: 'right' },
    ],
  },
  { type: 'qr', data: 'https://hall.example.edu/t/A023-7F3K', module: 6 },
  { type: 'text', text: '过号请到服务台，¥0.00 免费', align: 'center' },
  { type: 'cut' },
);
