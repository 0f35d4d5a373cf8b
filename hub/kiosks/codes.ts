import { defineCodes } from '@hallhub/sync/base';

export const kioskCodes = defineCodes({
  'E-KIOSK-0101': { zh: '请先验证身份', en: 'Please identify yourself first' },
  'E-KIOSK-0102': { zh: '没有这台自助机', en: 'There is no such kiosk' },
  'E-KIOSK-0103': {
    zh: '此读卡器只能读出证件号码，无法据此办理，请到人工窗口',
    en: 'This reader gives the card’s number alone, which is not enough to know you by; please ask at the counter',
  },
  'E-KIOSK-0104': { zh: '未找到与此卡或码对应的人员', en: 'This card or code belongs to nobody known here' },
  'E-KIOSK-0105': { zh: '取件码或验证码不正确，或已失效', en: 'The code is wrong, or it has ended' },
  'E-KIOSK-0106': {
    zh: '错误次数过多，请稍后再试，或使用证件',
    en: 'Too many wrong codes; please wait, or use a card',
  },
  'E-KIOSK-0107': { zh: '此自助机不提供该验证方式', en: 'This kiosk does not know people in that way' },
  'E-KIOSK-0108': { zh: '此自助机暂停服务', en: 'This kiosk is out of service' },
  'E-KIOSK-0109': { zh: '此自助机不打印该项目', en: 'This kiosk does not print this item' },
  'E-KIOSK-0110': {
    zh: '读卡未成功，请重新放置',
    en: 'The card could not be read; please hold it to the reader again',
  },
  'E-KIOSK-0201': { zh: '请先刷维护卡', en: 'Show a service card first' },
  'E-KIOSK-0202': { zh: '密码不正确', en: 'The PIN is wrong' },
  'E-KIOSK-0203': { zh: '没有可重启的设备程序', en: 'There is no program beside this kiosk that could be restarted' },
  'E-KIOSK-0204': { zh: '没有这张维护卡', en: 'There is no such service card' },
  'E-KIOSK-0205': { zh: '此卡已登记', en: 'The card is registered already' },
  'E-KIOSK-0301': { zh: '与主机的连接中断，正在恢复', en: 'The hub cannot be reached; it will be tried again' },
});
