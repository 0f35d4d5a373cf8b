import type { Ticket } from '@hallhub/device-drivers/capabilities';
import type { CertificateView, PrintJobView } from '../certificates/index.ts';
import type { KioskConfig } from '../config/index.ts';

const STATE: Readonly<Partial<Record<PrintJobView['state'], string>>> = {
  printed: '已打印 Printed',
  'not-printed': '未打印 Not printed',
  uncertain: '待核实 To be checked',
};

/** What came of a print, on a strip of paper: no name and no number of a person on it, for strips are left behind. */
export function receipt(of: {
  readonly kiosk: Pick<KioskConfig, 'id' | 'label'>;
  readonly job: PrintJobView;
  readonly certificate: CertificateView;
  readonly timeZone: string;
}): Ticket {
  const { kiosk, job, certificate, timeZone } = of;
  const at = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(
    job.changedAt,
  );
  const pair = (left: string, right: string) => ({ type: 'pair' as const, left, right, bold: false });
  return {
    blocks: [
      { type: 'text', text: '自助打印凭条', align: 'center', size: 2, bold: true },
      { type: 'text', text: kiosk.label.zh, align: 'center', size: 1, bold: false },
      { type: 'rule', style: 'dashed' },
      { type: 'text', text: certificate.title.zh, align: 'left', size: 1, bold: true },
      ...(certificate.certificateNumber === undefined ? [] : [pair('编号', certificate.certificateNumber)]),
      pair('份数', String(job.copies)),
      pair('结果', STATE[job.state] ?? '打印中 Printing'),
      pair('时间', at),
      pair('凭条号', job.attemptId.slice(-12)),
      { type: 'rule', style: 'dashed' },
      {
        type: 'text',
        text: '如有疑问，请凭此条到服务台查询。',
        align: 'left',
        size: 1,
        bold: false,
      },
      { type: 'cut' },
    ],
  };
}
