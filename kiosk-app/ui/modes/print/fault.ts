import type { KioskView } from '@hallhub/hub/kiosks/contract';
import type { ModeFault } from '../mode.ts';

export const PRINT_TITLE = { zh: '打印证明', en: 'Print a certificate' };

/** Why nothing can be printed here now. A printer that is busy with somebody's papers is none. */
export function printerFault({ printer }: Pick<KioskView, 'printer'>): ModeFault | undefined {
  if (!printer) return { text: { zh: '本机没有打印机', en: 'no printer here' } };
  if (printer.state === 'ready' || printer.state === 'busy') return undefined;
  return {
    text: { zh: '打印机暂时不能用', en: 'the printer cannot be used now' },
    ...(printer.code !== undefined && { code: printer.code }),
  };
}
