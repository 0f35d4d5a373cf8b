import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { CertificateService } from './ports.ts';
import type { VerifySiteLink } from './verify-site.ts';

export const certificatesSummary =
  (certificates: Pick<CertificateService, 'summary'>, site?: Pick<VerifySiteLink, 'status'>): Summarise =>
  () => {
    const { pending, stuck, issued, refused, uncertain, printing, printedSheetsToday } = certificates.summary();
    const told = site?.status();
    return {
      domain: 'certificates',
      title: { zh: '证明打印', en: 'Certificates' },
      figures: [
        { text: { zh: '可打印', en: 'Ready' }, value: issued },
        { text: { zh: '生成中', en: 'Being made' }, value: pending },
        { text: { zh: '正在打印', en: 'Printing' }, value: printing },
        { text: { zh: '今日出纸', en: 'Sheets today' }, value: printedSheetsToday },
      ],
      attention: waiting(
        { text: { zh: '打印待人工确认', en: 'Prints to settle' }, count: uncertain, page: '/prints' },
        {
          text: { zh: '证明因签章或字体问题等待', en: 'Certificates that wait for key or font' },
          count: stuck,
          page: '/prints',
        },
        {
          text: { zh: '核验站未收到的记录', en: 'Records that the verification site lacks' },
          count: told ? told.deadLetters + (told.link.state === 'offline' ? told.pending : 0) : 0,
          page: '/prints',
        },
        { text: { zh: '证明无法生成', en: 'Certificates that cannot be made' }, count: refused, page: '/prints' },
      ),
    };
  };
