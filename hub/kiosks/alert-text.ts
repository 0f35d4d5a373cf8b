import type { KioskView } from './contract.ts';

/** What those who look after kiosks hear of. */
export type KioskAlert =
  | 'paper-low'
  | 'paper-empty'
  | 'toner-low'
  | 'toner-empty'
  | 'printer-waits'
  | 'printer-away'
  | 'job-stuck'
  | 'print-uncertain';

const TEXT: Readonly<Record<KioskAlert, string>> = {
  'paper-low': '纸张不足，请补充',
  'paper-empty': '已缺纸，无法打印',
  'toner-low': '墨粉不足，请准备更换',
  'toner-empty': '墨粉用尽，无法打印',
  'printer-waits': '打印机需要人工处理',
  'printer-away': '打印机无法连接',
  'job-stuck': '有打印任务长时间未完成',
  'print-uncertain': '有打印结果待人工确认，请查看出纸口',
};

/** One line for whoever goes there. */
export function alertText(alert: KioskAlert, { label, printer }: Pick<KioskView, 'label' | 'printer'>): string {
  const code = printer?.code;
  return `自助机「${label.zh}」：${TEXT[alert]}${code === undefined ? '' : `（${code}）`}`;
}
