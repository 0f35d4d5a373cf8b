import { defineCodes } from '@hallhub/sync/base';

export const deviceAdminCodes = defineCodes({
  'E-DEV-0401': { zh: '该设备没有有效的接入凭证', en: 'The device has no valid credentials' },
  'E-DEV-0402': { zh: '设备上报的内容无法识别', en: 'The device sent something that is no event' },
  'E-DEV-0403': { zh: '没有这台设备', en: 'There is no such device' },
  'E-DEV-0404': { zh: '该设备没有这项功能', en: 'The device cannot do that' },
  'E-DEV-0405': { zh: '设备已停用，未执行', en: 'The device is out of service; nothing was done' },
  'E-DEV-0406': { zh: '指令内容有误', en: 'The command’s arguments are not what the device expects' },
  'E-DEV-0407': { zh: '该操作会使设备动作，需要确认', en: 'This moves something and needs a confirmation' },
  'E-DEV-0408': {
    zh: '同一请求编号已用于另一条指令',
    en: 'This idempotency key already stands for another command',
  },
  'E-DEV-0409': { zh: '指令无法记录，未执行', en: 'The command could not be put on record and was not carried out' },
  'E-DEV-0410': { zh: '中心重启前尚未发出，未执行', en: 'The hub restarted before it was sent; nothing was done' },
  'E-DEV-0421': { zh: '没有这条指令', en: 'There is no such command' },
  'E-DEV-0423': {
    zh: '这是代理的凭证，只能在“代理”页发放和吊销',
    en: 'These are an agent’s credentials; they are given and withdrawn on the agents page',
  },
  'E-DEV-0422': { zh: '指令已发出，无法取消', en: 'The command has left already and cannot be cancelled' },
  'E-DEV-0413': { zh: '被更新的指令取代', en: 'A newer command took its place' },
  'E-DEV-0414': { zh: '没有可恢复的期望状态', en: 'There is no desired state that could be restored' },
  'E-DEV-0415': { zh: '没有这台待认领的硬件', en: 'No such hardware waits to be claimed' },
  'E-DEV-0416': { zh: '该硬件已属于另一台设备', en: 'This hardware plays another device already' },
  'E-DEV-0417': { zh: '硬件与登记的不一致', en: 'Other hardware answers than the one on record' },
});
