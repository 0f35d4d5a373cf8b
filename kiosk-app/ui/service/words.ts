import type { ServiceDeviceView, Supply, SupplyState } from '@hallhub/hub/kiosks/contract';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import type { IconName } from '../kit/icons.ts';

const SUPPLY: Readonly<Record<SupplyState, Text>> = {
  ok: { zh: '充足', en: 'Enough' },
  low: { zh: '不多了', en: 'Low' },
  empty: { zh: '用完', en: 'Empty' },
  unknown: { zh: '未知', en: 'Unknown' },
};
export const supplyWord = (state: SupplyState): Text => SUPPLY[state];

const DEVICE: Readonly<Record<ServiceDeviceView['state'], Text>> = {
  starting: { zh: '正在启动', en: 'Starting' },
  ready: { zh: '正常', en: 'Works' },
  degraded: { zh: '部分可用', en: 'Works in part' },
  down: { zh: '不可用', en: 'Down' },
};
export const deviceWord = (state: ServiceDeviceView['state']): Text => DEVICE[state];

/** What is refilled in one piece. */
export const SUPPLIES: readonly { readonly name: Supply; readonly icon: IconName; readonly text: Text }[] = [
  { name: 'toner', icon: 'print', text: { zh: '已换墨粉', en: 'New toner' } },
  { name: 'receipt-paper', icon: 'receipt', text: { zh: '已换凭条纸', en: 'New receipt roll' } },
];
